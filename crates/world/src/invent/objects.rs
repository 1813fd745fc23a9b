//! The objects of an invention, as somebody would have written them.

use std::collections::BTreeMap;

use sealane_model::core::pod::{Container, ContainerPort, PodSpec, PodTemplateSpec};
use sealane_model::core::service::{Service, ServicePort, ServiceSpec};
use sealane_model::core::workload::{Deployment, PodSelector, WorkloadSpec};
use sealane_model::resource::{Object, ObjectMeta};
use sealane_model::schema::IntOrString;

use super::named::{Host, Wire};
use super::{INVENTED, Labels};

/// Ports of a container.
pub(super) type Ports = Vec<ContainerPort>;

/// A Service with these ports.
pub(super) fn service(host: &Host, selector: &Labels, ports: &BTreeMap<u32, Wire>) -> Object {
    let is_only = ports.len() == 1;
    let ports = ports.iter().map(|(number, wire)| {
        let wire = match wire {
            Wire::Http | Wire::Untold => "http",
            Wire::Tls => "tls",
            Wire::Tcp => "tcp",
        };
        let name = if is_only {
            wire.to_owned()
        } else {
            format!("{wire}-{number}")
        };
        ServicePort {
            name: Some(name),
            port: *number,
            ..ServicePort::default()
        }
    });
    let service = Service {
        spec: ServiceSpec {
            selector: selector.clone(),
            ports: ports.collect(),
            ..ServiceSpec::default()
        },
    };
    Object::new(meta(host, selector.clone()), service)
}

/// A Deployment of one pod with these labels and ports.
pub(super) fn deployment(workload: &Host, labels: &Labels, ports: &Ports) -> Object {
    let container = Container {
        name: "app".to_owned(),
        ports: ports.clone(),
        ..Container::default()
    };
    let template = PodTemplateSpec {
        metadata: ObjectMeta {
            labels: labels.clone(),
            annotations: invented(),
            ..ObjectMeta::default()
        },
        spec: PodSpec {
            containers: vec![container],
            ..PodSpec::default()
        },
    };
    let spec = WorkloadSpec {
        replicas: Some(1),
        selector: Some(PodSelector {
            match_labels: labels.clone(),
            ..PodSelector::default()
        }),
        template,
        ..WorkloadSpec::default()
    };
    Object::new(meta(workload, labels.clone()), Deployment { spec })
}

/// The container ports that a Service leads to. A named one has the number of the Service's port.
pub(super) fn container_ports(service: &Service) -> Ports {
    let mut ports: Ports = Vec::new();
    for port in &service.spec.ports {
        let (name, number) = match &port.target_port {
            None => (None, Some(port.port)),
            Some(IntOrString::Int(number)) => (None, u32::try_from(*number).ok()),
            Some(IntOrString::String(name)) => match name.parse() {
                Ok(number) => (None, Some(number)),
                Err(_not_a_number) => (Some(name.clone()), Some(port.port)),
            },
        };
        let Some(container_port) = number else {
            continue;
        };
        let is_known = ports
            .iter()
            .any(|it| it.container_port == container_port && it.name == name);
        if !is_known {
            ports.push(ContainerPort {
                name,
                container_port,
                protocol: port.protocol.clone(),
            });
        }
    }
    ports
}

fn meta((namespace, name): &Host, labels: Labels) -> ObjectMeta {
    ObjectMeta {
        name: name.clone(),
        namespace: namespace.clone(),
        labels,
        annotations: invented(),
        ..ObjectMeta::default()
    }
}

fn invented() -> BTreeMap<String, String> {
    BTreeMap::from([(INVENTED.to_owned(), "true".to_owned())])
}
