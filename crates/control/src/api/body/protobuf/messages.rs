//! The messages: numbers and names of their fields, as Kubernetes' published definitions have them.

/// A message.
#[derive(Debug)]
pub(super) struct Message {
    /// Its name.
    pub(super) name: &'static str,
    /// Its fields; one that is not here refuses the body.
    pub(super) fields: &'static [Field],
}

/// A field of a message.
#[derive(Debug)]
pub(super) struct Field {
    /// Its number on the wire.
    pub(super) number: u64,
    /// Its name in JSON.
    pub(super) name: &'static str,
    /// What it holds.
    pub(super) ty: Type,
    /// Whether a zero says something.
    pub(super) optional: bool,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Type {
    Text,
    Number,
    Truth,
    /// A number or a text: the port behind a Service.
    NumberOrText,
    Texts,
    /// Texts by names; of bytes when true.
    Map(bool),
    One(&'static Message),
    Many(&'static Message),
    /// Nothing that anybody here reads: times that are not set, states that the store writes.
    Ignored,
}

use Type::{Ignored, Many, Map, Number, NumberOrText, One, Text, Texts, Truth};

const fn field(number: u64, name: &'static str, ty: Type) -> Field {
    Field {
        number,
        name,
        ty,
        optional: false,
    }
}

const fn optional(number: u64, name: &'static str, ty: Type) -> Field {
    Field {
        optional: true,
        ..field(number, name, ty)
    }
}

/// The message of a kind.
pub(super) fn of(api_version: &str, kind: &str) -> Option<&'static Message> {
    let message: &'static Message = match (api_version, kind) {
        ("v1", "Namespace") => &NAMESPACE,
        ("v1", "ConfigMap") => &CONFIG_MAP,
        ("v1", "Secret") => &SECRET,
        ("v1", "ServiceAccount") => &SERVICE_ACCOUNT,
        ("v1", "Service") => &SERVICE,
        ("apps/v1", "Deployment") => &DEPLOYMENT,
        ("authorization.k8s.io/v1", "SelfSubjectAccessReview") => &ACCESS_REVIEW,
        ("authorization.k8s.io/v1", "SelfSubjectRulesReview") => &RULES_REVIEW,
        ("authentication.k8s.io/v1", "SelfSubjectReview") => &SUBJECT_REVIEW,
        _ => return None,
    };
    Some(message)
}

static NOTHING: Message = Message {
    name: "Nothing",
    fields: &[],
};

static META: Message = Message {
    name: "ObjectMeta",
    fields: &[
        field(1, "name", Text),
        field(2, "generateName", Text),
        field(3, "namespace", Text),
        field(4, "selfLink", Text),
        field(5, "uid", Text),
        field(6, "resourceVersion", Text),
        field(7, "generation", Number),
        field(8, "creationTimestamp", Ignored),
        field(11, "labels", Map(false)),
        field(12, "annotations", Map(false)),
        field(14, "finalizers", Texts),
    ],
};

static NAMESPACE: Message = Message {
    name: "Namespace",
    fields: &[
        field(1, "metadata", One(&META)),
        field(2, "spec", One(&NOTHING)),
        field(3, "status", Ignored),
    ],
};

static CONFIG_MAP: Message = Message {
    name: "ConfigMap",
    fields: &[
        field(1, "metadata", One(&META)),
        field(2, "data", Map(false)),
        field(3, "binaryData", Map(true)),
        optional(4, "immutable", Truth),
    ],
};

static SECRET: Message = Message {
    name: "Secret",
    fields: &[
        field(1, "metadata", One(&META)),
        field(2, "data", Map(true)),
        field(3, "type", Text),
        field(4, "stringData", Map(false)),
        optional(5, "immutable", Truth),
    ],
};

static NAMED: Message = Message {
    name: "LocalObjectReference",
    fields: &[field(1, "name", Text)],
};

static SERVICE_ACCOUNT: Message = Message {
    name: "ServiceAccount",
    fields: &[
        field(1, "metadata", One(&META)),
        field(3, "imagePullSecrets", Many(&NAMED)),
        optional(4, "automountServiceAccountToken", Truth),
    ],
};

static SERVICE: Message = Message {
    name: "Service",
    fields: &[
        field(1, "metadata", One(&META)),
        field(2, "spec", One(&SERVICE_SPEC)),
        field(3, "status", Ignored),
    ],
};

static SERVICE_SPEC: Message = Message {
    name: "ServiceSpec",
    fields: &[
        field(1, "ports", Many(&SERVICE_PORT)),
        field(2, "selector", Map(false)),
        field(3, "clusterIP", Text),
        field(4, "type", Text),
        field(5, "externalIPs", Texts),
        field(7, "sessionAffinity", Text),
        field(8, "loadBalancerIP", Text),
        field(10, "externalName", Text),
        field(11, "externalTrafficPolicy", Text),
        field(12, "healthCheckNodePort", Number),
        field(13, "publishNotReadyAddresses", Truth),
        field(18, "clusterIPs", Texts),
    ],
};

static SERVICE_PORT: Message = Message {
    name: "ServicePort",
    fields: &[
        field(1, "name", Text),
        field(2, "protocol", Text),
        field(3, "port", Number),
        field(4, "targetPort", NumberOrText),
        field(5, "nodePort", Number),
        field(6, "appProtocol", Text),
    ],
};

static DEPLOYMENT: Message = Message {
    name: "Deployment",
    fields: &[
        field(1, "metadata", One(&META)),
        field(2, "spec", One(&DEPLOYMENT_SPEC)),
        field(3, "status", Ignored),
    ],
};

static DEPLOYMENT_SPEC: Message = Message {
    name: "DeploymentSpec",
    fields: &[
        optional(1, "replicas", Number),
        field(2, "selector", One(&LABEL_SELECTOR)),
        field(3, "template", One(&TEMPLATE)),
        field(4, "strategy", One(&STRATEGY)),
        field(5, "minReadySeconds", Number),
        optional(6, "revisionHistoryLimit", Number),
        field(7, "paused", Truth),
        optional(9, "progressDeadlineSeconds", Number),
    ],
};

static STRATEGY: Message = Message {
    name: "DeploymentStrategy",
    fields: &[field(1, "type", Text)],
};

static LABEL_SELECTOR: Message = Message {
    name: "LabelSelector",
    fields: &[field(1, "matchLabels", Map(false))],
};

static TEMPLATE: Message = Message {
    name: "PodTemplateSpec",
    fields: &[
        field(1, "metadata", One(&META)),
        field(2, "spec", One(&POD_SPEC)),
    ],
};

static POD_SPEC: Message = Message {
    name: "PodSpec",
    fields: &[
        field(2, "containers", Many(&CONTAINER)),
        field(3, "restartPolicy", Text),
        field(6, "dnsPolicy", Text),
        field(7, "nodeSelector", Map(false)),
        field(8, "serviceAccountName", Text),
        field(9, "serviceAccount", Text),
        field(10, "nodeName", Text),
        field(11, "hostNetwork", Truth),
        field(12, "hostPID", Truth),
        field(13, "hostIPC", Truth),
        field(16, "hostname", Text),
        field(17, "subdomain", Text),
        field(19, "schedulerName", Text),
        field(20, "initContainers", Many(&CONTAINER)),
        field(24, "priorityClassName", Text),
    ],
};

static CONTAINER: Message = Message {
    name: "Container",
    fields: &[
        field(1, "name", Text),
        field(2, "image", Text),
        field(3, "command", Texts),
        field(4, "args", Texts),
        field(5, "workingDir", Text),
        field(6, "ports", Many(&CONTAINER_PORT)),
        field(7, "env", Many(&ENV)),
        field(8, "resources", One(&NOTHING)),
        field(13, "terminationMessagePath", Text),
        field(14, "imagePullPolicy", Text),
        field(16, "stdin", Truth),
        field(17, "stdinOnce", Truth),
        field(18, "tty", Truth),
        field(20, "terminationMessagePolicy", Text),
    ],
};

static CONTAINER_PORT: Message = Message {
    name: "ContainerPort",
    fields: &[
        field(1, "name", Text),
        field(2, "hostPort", Number),
        field(3, "containerPort", Number),
        field(4, "protocol", Text),
        field(5, "hostIP", Text),
    ],
};

static ENV: Message = Message {
    name: "EnvVar",
    fields: &[field(1, "name", Text), field(2, "value", Text)],
};

static ACCESS_REVIEW: Message = Message {
    name: "SelfSubjectAccessReview",
    fields: &[
        field(1, "metadata", One(&META)),
        field(2, "spec", One(&ACCESS)),
        field(3, "status", Ignored),
    ],
};

static ACCESS: Message = Message {
    name: "SelfSubjectAccessReviewSpec",
    fields: &[
        field(1, "resourceAttributes", One(&RESOURCE)),
        field(2, "nonResourceAttributes", One(&PATH)),
    ],
};

static RESOURCE: Message = Message {
    name: "ResourceAttributes",
    fields: &[
        field(1, "namespace", Text),
        field(2, "verb", Text),
        field(3, "group", Text),
        field(4, "version", Text),
        field(5, "resource", Text),
        field(6, "subresource", Text),
        field(7, "name", Text),
    ],
};

static PATH: Message = Message {
    name: "NonResourceAttributes",
    fields: &[field(1, "path", Text), field(2, "verb", Text)],
};

static RULES_REVIEW: Message = Message {
    name: "SelfSubjectRulesReview",
    fields: &[
        field(1, "metadata", One(&META)),
        field(2, "spec", One(&RULES)),
        field(3, "status", Ignored),
    ],
};

static RULES: Message = Message {
    name: "SelfSubjectRulesReviewSpec",
    fields: &[field(1, "namespace", Text)],
};

static SUBJECT_REVIEW: Message = Message {
    name: "SelfSubjectReview",
    fields: &[
        field(1, "metadata", One(&META)),
        field(2, "status", Ignored),
    ],
};
