//! Services as the API server would return them: with an address and with the defaults of ports.

use std::net::IpAddr;

use sealane_model::core::service::Service;
use sealane_model::resource::{Body, Object};
use sealane_model::schema::IntOrString;
use serde_json::{Value, json};

use crate::addresses::Addresses;

/// The Service with its address; `None` in the second part when no address is left for it.
///
/// An address that it declares stays. `ExternalName` and headless Services get none.
pub fn with_address(object: &Object, addresses: &mut Addresses) -> (Object, bool) {
    let mut object = object.clone();
    let meta = object.meta.clone();
    let mut left = true;
    if let Body::Service(service) = &mut object.body {
        if wants_address(service) {
            let address = addresses.service(&meta.namespace, &meta.name);
            left = address.is_some();
            service.spec.cluster_ip = address.map(|address| address.to_string());
        }
        fill(service);
        write(&mut object.raw, service);
    }
    (object, left)
}

/// The address that a Service declares itself.
pub fn declared_address(service: &Service) -> Option<IpAddr> {
    service.spec.cluster_ip.as_ref()?.parse().ok()
}

fn wants_address(service: &Service) -> bool {
    let none = service.spec.cluster_ip.as_deref().is_none_or(str::is_empty);
    none && !service.spec.is_external_name()
}

fn fill(service: &mut Service) {
    let spec = &mut service.spec;
    if let Some(address) = &spec.cluster_ip
        && !address.is_empty()
    {
        spec.cluster_ips = vec![address.clone()];
    }
    for port in &mut spec.ports {
        port.protocol.get_or_insert_with(|| "TCP".to_owned());
        if port.target_port.is_none() {
            port.target_port = i32::try_from(port.port).ok().map(IntOrString::Int);
        }
    }
}

/// Writes what was filled in into the document.
fn write(raw: &mut Value, service: &Service) {
    let Some(spec) = raw.get_mut("spec").and_then(Value::as_object_mut) else {
        return;
    };
    if let Some(address) = &service.spec.cluster_ip {
        spec.insert("clusterIP".to_owned(), json!(address));
        spec.insert("clusterIPs".to_owned(), json!(service.spec.cluster_ips));
    }
    let ports = spec.get_mut("ports").and_then(Value::as_array_mut);
    for (raw, port) in ports.into_iter().flatten().zip(&service.spec.ports) {
        let Some(raw) = raw.as_object_mut() else {
            continue;
        };
        raw.insert("protocol".to_owned(), json!(port.protocol));
        let target = match &port.target_port {
            Some(IntOrString::Int(number)) => json!(number),
            Some(IntOrString::String(name)) => json!(name),
            None => continue,
        };
        raw.insert("targetPort".to_owned(), target);
    }
}
