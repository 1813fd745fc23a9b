//! Which fields are read but not acted on yet. This list may only shrink.

/// A field that nothing acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotActedOn {
    /// The object type that has the field, by its Istio name.
    pub object: &'static str,
    /// The field's JSON name.
    pub field: &'static str,
    /// What happens instead.
    pub instead: &'static str,
}

const NEVER: &str = "Istio never implemented it";
const NO_TERMINATION: &str = "gateways take certificates from Secrets only, not from files";
const NOT_CHECKED: &str = "gateways do not check it yet: they close connections to this server";
const NO_ORIGINATION: &str = "proxies do not speak TLS to upstreams yet";
const COMPILED_ONLY: &str = "only other proxies act on it: Sealane's own does not yet";

const fn idle(object: &'static str, field: &'static str, instead: &'static str) -> NotActedOn {
    NotActedOn {
        object,
        field,
        instead,
    }
}

/// The fields that nothing acts on.
pub const NOT_ACTED_ON: &[NotActedOn] = &[
    idle("L4MatchAttributes", "sourceSubnet", NEVER),
    idle("Server", "defaultEndpoint", NEVER),
    idle("WorkloadEntry", "network", "there is one network"),
    idle("LoadBalancerSettings", "zoneAwareLbSetting", COMPILED_ONLY),
    idle("TrafficPolicy", "tunnel", COMPILED_ONLY),
    idle("TrafficPolicy", "proxyProtocol", COMPILED_ONLY),
    idle(
        "IstioIngressListener",
        "tls",
        "sidecars do not terminate TLS yet",
    ),
    idle("ServerTLSSettings", "serverCertificate", NO_TERMINATION),
    idle("ServerTLSSettings", "privateKey", NO_TERMINATION),
    idle("ServerTLSSettings", "caCertificates", NO_TERMINATION),
    idle("ServerTLSSettings", "caCrl", NOT_CHECKED),
    idle("ServerTLSSettings", "tlsCertificates", NO_TERMINATION),
    idle("ServerTLSSettings", "subjectAltNames", NOT_CHECKED),
    idle("ServerTLSSettings", "verifyCertificateSpki", NOT_CHECKED),
    idle("ServerTLSSettings", "verifyCertificateHash", NOT_CHECKED),
    idle("ServerTLSSettings", "insecureSkipVerify", NOT_CHECKED),
    idle("ClientTLSSettings", "clientCertificate", NO_ORIGINATION),
    idle("ClientTLSSettings", "privateKey", NO_ORIGINATION),
    idle("ClientTLSSettings", "caCertificates", NO_ORIGINATION),
    idle("ClientTLSSettings", "credentialName", NO_ORIGINATION),
    idle("ClientTLSSettings", "subjectAltNames", NO_ORIGINATION),
    idle("ClientTLSSettings", "sni", NO_ORIGINATION),
    idle("ClientTLSSettings", "insecureSkipVerify", NO_ORIGINATION),
    idle("ClientTLSSettings", "caCrl", NO_ORIGINATION),
];

/// The entry of a field, when nothing acts on it.
pub fn not_acted_on(object: &str, field: &str) -> Option<&'static NotActedOn> {
    NOT_ACTED_ON
        .iter()
        .find(|entry| entry.object == object && entry.field == field)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{NOT_ACTED_ON, not_acted_on};
    use crate::networking::{
        destination_rule::DestinationRule, gateway::Gateway, service_entry::ServiceEntry,
        sidecar::Sidecar, virtual_service::VirtualService,
    };
    use crate::schema::{Table, Type};

    fn fields(ty: Type, out: &mut BTreeSet<(&'static str, &'static str)>) {
        match ty {
            Type::Object(object) => {
                for field in object.all_fields() {
                    out.insert((object.name, field.name));
                    fields((field.ty)(), out);
                }
            }
            Type::List(element) => fields(element(), out),
            Type::Map(value) => fields(value(), out),
            _ => {}
        }
    }

    #[test]
    fn the_list_names_fields_that_exist_once() {
        let mut known = BTreeSet::new();
        for table in [
            VirtualService::object_type(),
            DestinationRule::object_type(),
            Gateway::object_type(),
            ServiceEntry::object_type(),
            Sidecar::object_type(),
        ] {
            fields(Type::Object(table), &mut known);
        }
        let listed: Vec<_> = NOT_ACTED_ON.iter().map(|e| (e.object, e.field)).collect();
        let once: BTreeSet<_> = listed.iter().copied().collect();
        assert_eq!(once.len(), listed.len());
        assert_eq!(
            once.difference(&known).collect::<Vec<_>>(),
            Vec::<&(&str, &str)>::new()
        );
        assert!(not_acted_on("HTTPRoute", "timeout").is_none());
    }
}
