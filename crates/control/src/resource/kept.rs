//! The kinds that are kept and shown, and do nothing.

use super::ResourceInfo;

const V1: &[&str] = &["v1"];
const ISTIO: &[&str] = &["v1", "v1beta1", "v1alpha3"];
const SECURITY: &[&str] = &["v1", "v1beta1"];
const NONE: &[&str] = &[];
const ALL: &[&str] = &["all"];
const NETWORKING_ISTIO: &[&str] = &["istio-io", "networking-istio-io"];
const SECURITY_ISTIO: &[&str] = &["istio-io", "security-istio-io"];
const GATEWAY_API: &[&str] = &["gateway-api"];
const RBAC: &str = "rbac.authorization.k8s.io";
const GATEWAY: &str = "gateway.networking.k8s.io";

/// A group with its versions, then its kinds: kind, plural, short names, categories. Those whose
/// plural begins with `*` live in no namespace.
type Group = (
    &'static str,
    &'static [&'static str],
    &'static [(
        &'static str,
        &'static str,
        &'static [&'static str],
        &'static [&'static str],
    )],
);

const GROUPS: &[Group] = &[
    (
        "",
        V1,
        &[
            ("ConfigMap", "configmaps", &["cm"], NONE),
            ("ServiceAccount", "serviceaccounts", &["sa"], NONE),
            ("Event", "events", &["ev"], NONE),
            (
                "PersistentVolumeClaim",
                "persistentvolumeclaims",
                &["pvc"],
                NONE,
            ),
            ("PersistentVolume", "*persistentvolumes", &["pv"], NONE),
            ("LimitRange", "limitranges", &["limits"], NONE),
            ("ResourceQuota", "resourcequotas", &["quota"], NONE),
            (
                "ReplicationController",
                "replicationcontrollers",
                &["rc"],
                ALL,
            ),
        ],
    ),
    (
        "apps",
        V1,
        &[("ControllerRevision", "controllerrevisions", NONE, NONE)],
    ),
    (
        "batch",
        &["v1", "v1beta1"],
        &[
            ("Job", "jobs", NONE, ALL),
            ("CronJob", "cronjobs", &["cj"], ALL),
        ],
    ),
    (
        "autoscaling",
        &["v2", "v1", "v2beta2"],
        &[(
            "HorizontalPodAutoscaler",
            "horizontalpodautoscalers",
            &["hpa"],
            ALL,
        )],
    ),
    (
        "networking.k8s.io",
        &["v1", "v1beta1"],
        &[
            ("Ingress", "ingresses", &["ing"], NONE),
            ("IngressClass", "*ingressclasses", NONE, NONE),
            ("NetworkPolicy", "networkpolicies", &["netpol"], NONE),
        ],
    ),
    (
        "policy",
        &["v1", "v1beta1"],
        &[(
            "PodDisruptionBudget",
            "poddisruptionbudgets",
            &["pdb"],
            NONE,
        )],
    ),
    (
        RBAC,
        V1,
        &[
            ("Role", "roles", NONE, NONE),
            ("RoleBinding", "rolebindings", NONE, NONE),
            ("ClusterRole", "*clusterroles", NONE, NONE),
            ("ClusterRoleBinding", "*clusterrolebindings", NONE, NONE),
        ],
    ),
    (
        "storage.k8s.io",
        V1,
        &[("StorageClass", "*storageclasses", &["sc"], NONE)],
    ),
    (
        "scheduling.k8s.io",
        V1,
        &[("PriorityClass", "*priorityclasses", &["pc"], NONE)],
    ),
    (
        "coordination.k8s.io",
        V1,
        &[("Lease", "leases", NONE, NONE)],
    ),
    (
        "apiextensions.k8s.io",
        V1,
        &[(
            "CustomResourceDefinition",
            "*customresourcedefinitions",
            &["crd", "crds"],
            &["api-extensions"],
        )],
    ),
    (
        "admissionregistration.k8s.io",
        V1,
        &[
            (
                "ValidatingWebhookConfiguration",
                "*validatingwebhookconfigurations",
                NONE,
                NONE,
            ),
            (
                "MutatingWebhookConfiguration",
                "*mutatingwebhookconfigurations",
                NONE,
                NONE,
            ),
        ],
    ),
    (
        "networking.istio.io",
        ISTIO,
        &[
            ("EnvoyFilter", "envoyfilters", NONE, NETWORKING_ISTIO),
            ("ProxyConfig", "proxyconfigs", NONE, NETWORKING_ISTIO),
            ("WorkloadGroup", "workloadgroups", &["wg"], NETWORKING_ISTIO),
        ],
    ),
    (
        "security.istio.io",
        SECURITY,
        &[
            (
                "AuthorizationPolicy",
                "authorizationpolicies",
                &["ap"],
                SECURITY_ISTIO,
            ),
            (
                "PeerAuthentication",
                "peerauthentications",
                &["pa"],
                SECURITY_ISTIO,
            ),
            (
                "RequestAuthentication",
                "requestauthentications",
                &["ra"],
                SECURITY_ISTIO,
            ),
        ],
    ),
    (
        "telemetry.istio.io",
        &["v1", "v1alpha1"],
        &[(
            "Telemetry",
            "telemetries",
            &["telemetry"],
            &["istio-io", "telemetry-istio-io"],
        )],
    ),
    (
        "extensions.istio.io",
        &["v1alpha1"],
        &[(
            "WasmPlugin",
            "wasmplugins",
            NONE,
            &["istio-io", "extensions-istio-io"],
        )],
    ),
    (
        GATEWAY,
        &["v1", "v1beta1"],
        &[
            ("Gateway", "gateways", &["gtw"], GATEWAY_API),
            ("GatewayClass", "*gatewayclasses", &["gc"], GATEWAY_API),
            ("HTTPRoute", "httproutes", NONE, GATEWAY_API),
            ("GRPCRoute", "grpcroutes", NONE, GATEWAY_API),
            (
                "ReferenceGrant",
                "referencegrants",
                &["refgrant"],
                GATEWAY_API,
            ),
        ],
    ),
    (
        "flagger.app",
        &["v1beta1"],
        &[("Canary", "canaries", NONE, NONE)],
    ),
    (
        "argoproj.io",
        &["v1alpha1"],
        &[
            ("Rollout", "rollouts", &["ro"], NONE),
            ("AnalysisTemplate", "analysistemplates", &["at"], NONE),
        ],
    ),
    (
        "monitoring.coreos.com",
        V1,
        &[
            ("ServiceMonitor", "servicemonitors", &["smon"], NONE),
            ("PodMonitor", "podmonitors", &["pmon"], NONE),
            ("PrometheusRule", "prometheusrules", &["promrule"], NONE),
        ],
    ),
];

/// What discovery says about each of them.
pub(super) fn all() -> impl Iterator<Item = ResourceInfo> {
    GROUPS.iter().flat_map(|(group, versions, kinds)| {
        kinds
            .iter()
            .map(|(name, plural, short_names, categories)| ResourceInfo {
                kind: None,
                name,
                plural: plural.trim_start_matches('*'),
                singular: lower(name),
                short_names,
                group,
                versions,
                namespaced: !plural.starts_with('*'),
                categories,
            })
    })
}

/// The name for one is the kind in lower case. It is made once for each kind, when the table is.
fn lower(name: &'static str) -> &'static str {
    name.to_ascii_lowercase().leak()
}
