//! Which objects a path of the Kubernetes REST API names.

use crate::resource::{Name, Resource};

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What its objects are.
    pub resource: Resource,
    /// The version in the path; objects are shown in it.
    pub version: String,
    /// The namespace; `None` for all, and for kinds without namespaces.
    pub namespace: Option<String>,
    /// The object; `None` for the list.
    pub name: Option<String>,
    /// `status`, `scale`, `log`, when the path goes on.
    pub subresource: Option<String>,
}

impl Target {
    /// Reads `/api/v1/namespaces/NS/pods/NAME` and `/apis/GROUP/VERSION/…`. `None` for paths that
    /// are not of that form, and for kinds and versions that are not served.
    pub fn parse(path: &str) -> Option<Self> {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let group = match parts.next()? {
            "api" => "",
            "apis" => parts.next()?,
            _ => return None,
        };
        let version = parts.next()?;
        let mut word = parts.next()?;
        let mut namespace = None;
        let mut name = None;
        if word == "namespaces" {
            let first = parts.next();
            match (first, parts.clone().next()) {
                // The namespace itself, or all of them.
                (first, None | Some("status" | "finalize")) => name = first,
                (Some(first), Some(next)) => {
                    parts.next();
                    namespace = Some(first);
                    word = next;
                }
                (None, Some(_)) => return None,
            }
        }
        let resource = Resource::served(group, version, word)?;
        let name = name.or_else(|| parts.next());
        let subresource = parts.next();
        if parts.next().is_some() || (namespace.is_some() && !resource.info().namespaced) {
            return None;
        }
        Some(Self {
            resource,
            version: version.to_owned(),
            namespace: namespace.map(str::to_owned),
            name: name.map(str::to_owned),
            subresource: subresource.map(str::to_owned),
        })
    }

    /// The `apiVersion` of its objects.
    pub fn api_version(&self) -> String {
        self.resource.api_version(&self.version)
    }

    /// The name of one of its objects.
    pub fn named(&self, name: &str) -> Name {
        let namespace = self.namespace.as_deref().unwrap_or("default");
        Name::new(self.resource, namespace, name)
    }
}

#[cfg(test)]
mod tests {
    use sealane_model::kind::Kind;

    use super::*;

    fn target(path: &str) -> Option<(Kind, Option<String>, Option<String>)> {
        let target = Target::parse(path)?;
        Some((target.resource.kind()?, target.namespace, target.name))
    }

    #[test]
    fn paths_name_lists_and_objects() {
        let some = |text: &str| Some(text.to_owned());
        let cases = [
            ("/api/v1/pods", Some((Kind::Pod, None, None))),
            (
                "/api/v1/namespaces/shop/pods/a-0",
                Some((Kind::Pod, some("shop"), some("a-0"))),
            ),
            (
                "/apis/networking.istio.io/v1beta1/namespaces/x/virtualservices",
                Some((Kind::VirtualService, some("x"), None)),
            ),
            ("/api/v1/namespaces", Some((Kind::Namespace, None, None))),
            (
                "/api/v1/namespaces/shop",
                Some((Kind::Namespace, None, some("shop"))),
            ),
            ("/api/v1/virtualservices", None),
            ("/apis/networking.istio.io/v2/virtualservices", None),
            ("/api/v1/namespaces/x/nodes", None),
            ("/healthz", None),
            ("/api", None),
        ];
        for (path, expected) in cases {
            assert_eq!(target(path), expected, "{path}");
        }
    }
}
