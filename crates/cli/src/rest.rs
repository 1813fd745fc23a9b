//! Where an object is in the Kubernetes REST API.

use sealane_model::kind::Kind;

/// The path of a kind's objects: of one namespace, or of all.
pub(crate) fn list_path(kind: Kind, namespace: Option<&str>) -> String {
    let info = kind.info();
    let version = info.versions.first().copied().unwrap_or("v1");
    let root = match info.group {
        "" => format!("/api/{version}"),
        group => format!("/apis/{group}/{version}"),
    };
    match namespace.filter(|_| info.namespaced) {
        Some(namespace) => format!("{root}/namespaces/{namespace}/{}", info.plural),
        None => format!("{root}/{}", info.plural),
    }
}

/// The path of one object.
pub(crate) fn object_path(kind: Kind, namespace: &str, name: &str) -> String {
    format!("{}/{name}", list_path(kind, Some(namespace)))
}

/// `path` with parameters behind it; those without a value are left out.
pub(crate) fn with_query(path: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let mut out = path.to_owned();
    let given = parameters
        .iter()
        .filter_map(|(name, value)| Some((name, (*value)?)));
    for (position, (name, value)) in given.enumerate() {
        out.push(if position == 0 { '?' } else { '&' });
        out.push_str(name);
        out.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                out.push(char::from(byte));
            } else {
                let escaped = format!("%{byte:02X}");
                out.push_str(&escaped);
            }
        }
    }
    out
}

/// The name that `kubectl -o name` gives an object: `virtualservice.networking.istio.io/reviews`.
pub(crate) fn qualified_name(kind: Kind, name: &str) -> String {
    let info = kind.info();
    match info.group {
        "" => format!("{}/{name}", info.singular),
        group => format!("{}.{group}/{name}", info.singular),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_an_api_server() {
        assert_eq!(
            object_path(Kind::VirtualService, "shop", "cart"),
            "/apis/networking.istio.io/v1/namespaces/shop/virtualservices/cart"
        );
        assert_eq!(list_path(Kind::Pod, None), "/api/v1/pods");
        assert_eq!(object_path(Kind::Node, "x", "n1"), "/api/v1/nodes/n1");
        assert_eq!(qualified_name(Kind::Pod, "a"), "pod/a");
        let query = [
            ("labelSelector", Some("a=b,!c")),
            ("x", None),
            ("watch", Some("true")),
        ];
        assert_eq!(
            with_query("/p", &query),
            "/p?labelSelector=a%3Db%2C%21c&watch=true"
        );
    }
}
