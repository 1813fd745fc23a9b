//! Envoy v3 resources: messages, type URLs, names, `Any` in and out, canonical JSON.
