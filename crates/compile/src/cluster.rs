//! Clusters: one for each port of each service, one for each subset of it, and Istio's own.

mod balance;
mod built_in;
mod discovery;
pub(crate) mod inbound;
mod outlier;
mod pool;
mod subset;
mod tls;
mod upstream;

pub(crate) use built_in::built_in;
pub(crate) use subset::ServiceClusters;
