//! The `yaml options` block.

use sealane_model::tree::Node;
use serde_json::Value;

use super::scalar::{self, Place};

/// How a split chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weights {
    /// Sealane's: counts follow the shares at every moment.
    #[default]
    Exact,
    /// Istio's: every request is drawn on its own.
    Random,
}

/// What a scenario asks of the mesh as a whole.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// How splits choose.
    pub weights: Weights,
    /// Fields of Istio's `MeshConfig`, as written; null where none are given.
    pub mesh: Value,
    /// Whether workloads have an inbound proxy.
    pub inbound: bool,
}

impl Options {
    pub(super) fn read(&mut self, node: &Node, place: &mut Place<'_>) {
        for entry in node.entries() {
            let value = &entry.value;
            match entry.key.as_str() {
                "weights" => match scalar::text(value).as_deref() {
                    Some("random") => self.weights = Weights::Random,
                    Some("exact") => self.weights = Weights::Exact,
                    _ => place.problem(value, "weights are `exact` or `random`"),
                },
                "mesh" => self.mesh = value.to_json(),
                "inbound" => self.inbound = place.flag(value),
                "features" => {} // Switches of istiod itself, for the measurement only.
                key => place.problem(
                    value,
                    format!("unknown option `{key}`; known are weights, mesh and inbound"),
                ),
            }
        }
    }
}
