//! What users declare: Istio and Kubernetes kinds, parsed with spans, defaulted and validated.
