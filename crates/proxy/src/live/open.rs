//! Connections that are counted for as long as they are open.

use std::sync::Arc;

use super::ClusterLive;
use super::endpoint::EndpointLive;
use super::traffic::ListenerTraffic;
use crate::flood::Flood;

/// A connection to an endpoint that is open until this is dropped.
#[derive(Debug)]
pub(crate) struct OpenConnection(Arc<EndpointLive>);

impl OpenConnection {
    /// Counts a connection that was made.
    pub(crate) fn made(cluster: &ClusterLive, endpoint: &Arc<EndpointLive>) -> Self {
        cluster.traffic.connections.add(1);
        endpoint.traffic.connections.add(1);
        endpoint.traffic.open.add(1);
        Self(Arc::clone(endpoint))
    }

    /// Counts a connection that could not be made.
    pub(crate) fn failed(cluster: &ClusterLive, endpoint: &EndpointLive) {
        cluster.traffic.connect_failures.add(1);
        endpoint.traffic.connect_failures.add(1);
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.traffic.open.remove();
    }
}

/// A connection from a caller that is open until this is dropped.
#[derive(Debug)]
pub(crate) struct TakenConnection(Arc<ListenerTraffic>);

impl TakenConnection {
    pub(crate) fn of(listener: Arc<ListenerTraffic>) -> Self {
        listener.connections.add(1);
        listener.open.add(1);
        Self(listener)
    }

    /// A request of it has ended.
    pub(crate) fn answered(&self, status: u16) {
        self.0.requests.add(1);
        self.0.answers.add(status);
    }

    /// What came on it is not HTTP.
    pub(crate) fn garbled(&self) {
        self.0.protocol_errors.add(1);
    }

    /// It was ended for `flood`.
    pub(crate) fn flooded(&self, flood: Flood) {
        self.0.floods.add(flood);
    }
}

impl Drop for TakenConnection {
    fn drop(&mut self) {
        self.0.open.remove();
    }
}
