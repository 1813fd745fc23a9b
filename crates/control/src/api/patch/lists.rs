//! What the elements of an object's lists are called, so that two versions of a list can be merged
//! element by element. The names are those of Kubernetes' own types.

use serde_json::Value;

use crate::resource::Resource;

/// What is known of an object's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api) enum Schema {
    /// Kubernetes' own kinds.
    BuiltIn,
    /// Custom resources: nothing is known, so a list is one value.
    Custom,
}

impl Schema {
    /// What is known of the lists of these objects.
    pub(in crate::api) fn of(resource: Resource) -> Self {
        if resource.is_builtin() {
            Self::BuiltIn
        } else {
            Self::Custom
        }
    }
}

/// How a list is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    /// It is one value.
    Atomic,
    /// Each value stands once.
    Set,
    /// Each element is called by these fields.
    Map(&'static [&'static str]),
}

/// Where a value is: the names of fields from the top. Elements of lists add none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    schema: Schema,
    name: &'a str,
    parent: Option<&'a Self>,
}

impl<'a> Place<'a> {
    /// The object itself.
    pub(super) const fn root(schema: Schema) -> Self {
        Self {
            schema,
            name: "",
            parent: None,
        }
    }

    /// A field of the value here.
    pub(super) const fn field(&'a self, name: &'a str) -> Self {
        Self {
            schema: self.schema,
            name,
            parent: Some(self),
        }
    }

    /// How the list here is merged.
    pub(super) fn list(&self) -> List {
        let parent = self.parent.map_or("", |parent| parent.name);
        match (parent, self.name) {
            ("metadata", "finalizers") => List::Set,
            ("metadata", "ownerReferences") => List::Map(&["uid"]),
            _ if self.schema == Schema::Custom => List::Atomic,
            ("containers" | "initContainers" | "ephemeralContainers", "ports") => {
                List::Map(&["containerPort", "protocol"])
            }
            ("spec", "ports") => List::Map(&["port", "protocol"]),
            ("status", "addresses" | "conditions") => List::Map(&["type"]),
            ("", "secrets")
            | (
                _,
                "containers"
                | "initContainers"
                | "ephemeralContainers"
                | "env"
                | "volumes"
                | "imagePullSecrets"
                | "resourceClaims"
                | "schedulingGates",
            ) => List::Map(&["name"]),
            (_, "volumeMounts") => List::Map(&["mountPath"]),
            (_, "volumeDevices") => List::Map(&["devicePath"]),
            ("status", "podIPs") | (_, "hostAliases") => List::Map(&["ip"]),
            (_, "taints") => List::Map(&["key", "effect"]),
            (_, "topologySpreadConstraints") => List::Map(&["topologyKey", "whenUnsatisfiable"]),
            _ => List::Atomic,
        }
    }
}

/// The field of an element that takes part in its name; `TCP` is what a port means that says
/// nothing.
pub(super) fn part<'v>(element: &'v Value, field: &str) -> Option<&'v Value> {
    static TCP: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| Value::from("TCP"));
    let otherwise = (field == "protocol").then(|| &*TCP);
    element.get(field).or(otherwise)
}

/// Whether two elements are called the same.
pub(super) fn is_same(a: &Value, b: &Value, keys: &[&str]) -> bool {
    keys.iter()
        .all(|key| part(a, key).is_some() && part(a, key) == part(b, key))
}
