//! Pod.

use std::collections::BTreeMap;

use crate::core::meta::ObjectMeta;
use crate::schema::{Present, object};

object! {
    /// A Pod.
    pub struct Pod = "Pod", open {
        /// What is wanted.
        spec: PodSpec = "spec",
        /// What is.
        status: Option<PodStatus> = "status",
    }
}

object! {
    /// What is wanted of a Pod.
    pub struct PodSpec = "PodSpec", open {
        /// Its containers.
        containers: Vec<Container> = "containers",
        /// Containers that run before (or, with `restartPolicy: Always`, beside) the others.
        init_containers: Vec<Container> = "initContainers",
        /// The node it runs on.
        node_name: Option<String> = "nodeName",
        /// Labels of the nodes that it may run on.
        node_selector: BTreeMap<String, String> = "nodeSelector",
        /// The account whose identity it has; absent is `default`.
        service_account_name: Option<String> = "serviceAccountName",
        /// Whether it has the node's address.
        host_network: Option<bool> = "hostNetwork",
        /// Its host name.
        hostname: Option<String> = "hostname",
        /// The domain of its host name: a headless Service.
        subdomain: Option<String> = "subdomain",
    }
}

object! {
    /// A container of a Pod.
    pub struct Container = "Container", open {
        /// Its name.
        name: String = "name",
        /// Its image.
        image: Option<String> = "image",
        /// The ports it names.
        ports: Vec<ContainerPort> = "ports",
        /// Its environment.
        env: Vec<EnvVar> = "env",
        /// `Always` for an init container that keeps running.
        restart_policy: Option<String> = "restartPolicy",
    }
}

object! {
    /// A port of a container.
    pub struct ContainerPort = "ContainerPort", open {
        /// Its name.
        name: Option<String> = "name",
        /// Its number.
        container_port: u32 = "containerPort",
        /// `TCP`, `UDP` or `SCTP`; absent is `TCP`.
        protocol: Option<String> = "protocol",
    }
}

object! {
    /// A variable of a container's environment.
    pub struct EnvVar = "EnvVar", open {
        /// Its name.
        name: String = "name",
        /// Its value.
        value: Option<String> = "value",
        /// Where the value comes from instead.
        value_from: Option<Present> = "valueFrom",
    }
}

object! {
    /// What is of a Pod.
    pub struct PodStatus = "PodStatus", open {
        /// Its address.
        pod_ip: Option<String> = "podIP",
        /// All its addresses.
        pod_ips: Vec<PodIp> = "podIPs",
        /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
        phase: Option<String> = "phase",
        /// What holds of it.
        conditions: Vec<Condition> = "conditions",
    }
}

object! {
    /// An address of a Pod.
    pub struct PodIp = "PodIP", open {
        /// The address.
        ip: Option<String> = "ip",
    }
}

object! {
    /// Something that holds, or does not.
    pub struct Condition = "Condition", open {
        /// What: `Ready`, ….
        condition_type: String = "type",
        /// `True`, `False` or `Unknown`.
        status: String = "status",
        /// Why, in one word.
        reason: Option<String> = "reason",
        /// Why, in a sentence.
        message: Option<String> = "message",
    }
}

object! {
    /// The pods that a workload object makes.
    pub struct PodTemplateSpec = "PodTemplateSpec", open {
        /// Their metadata.
        metadata: ObjectMeta = "metadata",
        /// What is wanted of them.
        spec: PodSpec = "spec",
    }
}

impl PodStatus {
    /// Whether the condition `Ready` is `True`.
    pub fn is_ready(&self) -> bool {
        let mut conditions = self.conditions.iter();
        conditions.any(|c| c.condition_type == "Ready" && c.status == "True")
    }
}
