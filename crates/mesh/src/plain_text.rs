//! `ISTIO_MUTUAL` in a mesh whose proxies have no identities yet: it is compiled as it is declared,
//! nothing acts on it, and that is said.

use sealane_model::diagnostic::{Code, Diagnostic};
use sealane_model::networking::destination_rule::DestinationRule;
use sealane_model::networking::traffic_policy::{ClientTlsMode, ClientTlsSettings, TrafficPolicy};
use sealane_model::path::FieldPath;
use sealane_model::resource::{Body, Object};

/// A warning for each DestinationRule that asks for it, at the first place where it does. Once is
/// enough: those that were there `before` are passed over. Both are sorted by key.
pub(crate) fn findings(before: &[Object], now: &[Object]) -> Vec<Diagnostic> {
    let is_known = |object: &Object| {
        let key = object.key();
        let found = before.binary_search_by_key(&key, Object::key);
        found.is_ok_and(|at| before[at].body == object.body)
    };
    let found = now.iter().filter_map(|it| Some((it, finding(it)?)));
    let new = found.filter(|(object, _)| !is_known(object));
    new.map(|(_, finding)| finding).collect()
}

fn finding(object: &Object) -> Option<Diagnostic> {
    let Body::DestinationRule(rule) = &object.body else {
        return None;
    };
    let path = first(rule)?.field("tls").field("mode");
    let host = rule.host.as_deref().unwrap_or_default();
    let message =
        format!("the proxies here have no identities yet: calls to `{host}` are in plain text");
    let diagnostic = Diagnostic::new(Code::NotActedOn, message);
    Some(object.diagnose(diagnostic, path))
}

/// The first policy that asks for it.
fn first(rule: &DestinationRule) -> Option<FieldPath> {
    let root = FieldPath::root();
    let subset = |index| root.field("subsets").index(index);
    let policies = rule
        .traffic_policy
        .iter()
        .map(|policy| (root.clone(), policy));
    let of_subsets = rule.subsets.iter().enumerate().filter_map(|(index, it)| {
        let policy = it.traffic_policy.as_ref()?;
        Some((subset(index), policy))
    });
    let mut all = policies.chain(of_subsets);
    all.find_map(|(path, policy)| in_policy(&path.field("trafficPolicy"), policy))
}

fn in_policy(path: &FieldPath, policy: &TrafficPolicy) -> Option<FieldPath> {
    if is_wanted(policy.tls.as_ref()) {
        return Some(path.clone());
    }
    let mut ports = policy.port_level_settings.iter();
    let port = ports.position(|port| is_wanted(port.tls.as_ref()))?;
    Some(path.field("portLevelSettings").index(port))
}

fn is_wanted(tls: Option<&ClientTlsSettings>) -> bool {
    tls.is_some_and(|tls| tls.mode == Some(ClientTlsMode::IstioMutual))
}

#[cfg(test)]
mod tests {
    use sealane_model::parse::{Options, SourceFile, parse_text};

    use super::*;

    fn places(spec: &str) -> Vec<String> {
        let text = format!(
            "apiVersion: networking.istio.io/v1\nkind: DestinationRule\n\
             metadata: {{name: a}}\nspec: {spec}\n"
        );
        let parsed = parse_text(&SourceFile::new("a.yaml", text), &Options::default());
        let found = findings(&[], &parsed.objects);
        assert_eq!(findings(&parsed.objects, &parsed.objects), []);
        found.iter().map(|it| it.path.to_string()).collect()
    }

    #[test]
    fn a_rule_is_told_once_at_the_first_policy_that_wants_it() {
        let tls = "tls: {mode: ISTIO_MUTUAL}";
        let subset = |policy: &str| {
            format!("{{host: a, subsets: [{{name: v1}}, {{name: v2, trafficPolicy: {policy}}}]}}")
        };
        for (spec, expected) in [
            (
                format!("{{host: a, trafficPolicy: {{{tls}}}}}"),
                "trafficPolicy.tls.mode",
            ),
            (
                subset(&format!("{{{tls}}}")),
                "subsets[1].trafficPolicy.tls.mode",
            ),
            (
                subset(&format!(
                    "{{portLevelSettings: [{{port: {{number: 80}}, {tls}}}]}}"
                )),
                "subsets[1].trafficPolicy.portLevelSettings[0].tls.mode",
            ),
        ] {
            assert_eq!(places(&spec), [expected], "{spec}");
        }
        assert!(places("{host: a, trafficPolicy: {tls: {mode: SIMPLE}}}").is_empty());
    }
}
