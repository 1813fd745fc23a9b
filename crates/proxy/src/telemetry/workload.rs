//! Who is at an address of the mesh, for telemetry.

use std::net::IpAddr;
use std::sync::Arc;

use super::hashed::Hashed;

/// The word for what is not known, as Istio writes it.
pub const UNKNOWN: &str = "unknown";
/// The revision of a workload that names none.
const LATEST: &str = "latest";

/// What metrics say of a workload. What is not known is `unknown`; nothing is empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Workload {
    /// The workload's name: that of its Deployment, for instance.
    pub name: Arc<str>,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// The label `app`.
    pub app: Arc<str>,
    /// The label `version`.
    pub version: Arc<str>,
    /// Istio's canonical service.
    pub canonical_service: Arc<str>,
    /// Istio's canonical revision; `latest` where there is none.
    pub canonical_revision: Arc<str>,
    /// The cluster it is in: `Kubernetes`.
    pub cluster: Arc<str>,
}

impl Workload {
    /// A workload of which nothing is known.
    pub fn unknown() -> Self {
        let unknown: Arc<str> = Arc::from(UNKNOWN);
        Self {
            name: Arc::clone(&unknown),
            namespace: Arc::clone(&unknown),
            app: Arc::clone(&unknown),
            version: Arc::clone(&unknown),
            canonical_service: Arc::clone(&unknown),
            canonical_revision: Arc::from(LATEST),
            cluster: unknown,
        }
    }

    /// What an endpoint's metadata says:
    /// `NAME;NAMESPACE;CANONICAL SERVICE;CANONICAL REVISION;CLUSTER`. It knows no `app` and no
    /// `version`. `None` when a part is missing.
    pub fn of_endpoint(text: &str) -> Option<Self> {
        let mut parts = text.split(';');
        let mut next = |otherwise: &'static str| {
            let part = parts.next()?;
            Some(Arc::from(if part.is_empty() { otherwise } else { part }))
        };
        Some(Self {
            name: next(UNKNOWN)?,
            namespace: next(UNKNOWN)?,
            canonical_service: next(UNKNOWN)?,
            canonical_revision: next(LATEST)?,
            cluster: next(UNKNOWN)?,
            ..Self::unknown()
        })
    }
}

/// Knows the workloads by their addresses. Asked for every request, on the traffic threads: it
/// must not block.
pub trait Workloads: Send + Sync + 'static {
    /// Who is at `address`.
    fn at(&self, address: IpAddr) -> Option<Hashed<Workload>>;
}

/// Knows nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoWorkloads;

impl Workloads for NoWorkloads {
    fn at(&self, _address: IpAddr) -> Option<Hashed<Workload>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoint_metadata_names_the_workload_and_leaves_the_rest_unknown() {
        let workload = Workload::of_endpoint("reviews-v1;default;reviews;v1;Kubernetes").unwrap();
        assert_eq!(&*workload.name, "reviews-v1");
        assert_eq!(&*workload.canonical_revision, "v1");
        assert_eq!(&*workload.cluster, "Kubernetes");
        assert_eq!((&*workload.app, &*workload.version), (UNKNOWN, UNKNOWN));
        let workload = Workload::of_endpoint(";default;;;").unwrap();
        assert_eq!(&*workload.name, UNKNOWN);
        assert_eq!(&*workload.canonical_revision, LATEST);
        assert_eq!(Workload::of_endpoint("reviews-v1;default"), None);
    }
}
