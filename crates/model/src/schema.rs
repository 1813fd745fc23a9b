//! How a Rust type relates to a document: decoding from a spanned tree, encoding to JSON, and the
//! table of its fields.
//!
//! The macros `object!`, `choices!` and `oneof!` make all of it from one declaration.

mod context;
mod declare;
mod limits;
mod scalar;

pub use context::{Context, MAX_PROBLEMS};
pub use declare::encode_field;
pub use scalar::{Bytes, IntOrString, Present};

pub(crate) use declare::{choices, object, oneof};

use serde_json::{Map, Value};

use crate::tree::Node;

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// A whole number inside a range.
    Integer {
        /// The least value.
        min: i64,
        /// The greatest value.
        max: u64,
    },
    /// A number with a fraction.
    Number,
    /// A text.
    String,
    /// Bytes, as base64.
    Bytes,
    /// A duration: `1.5s`.
    Duration,
    /// One of some names.
    Choice(&'static [&'static str]),
    /// An object with fields.
    Object(&'static ObjectType),
    /// A list.
    List(fn() -> Self),
    /// A mapping from any key.
    Map(fn() -> Self),
    /// A number or a name.
    IntOrString,
    /// Anything.
    Any,
}

/// One field of an object type.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The JSON name.
    pub name: &'static str,
    /// Other names that are accepted (the proto's own).
    pub aliases: &'static [&'static str],
    /// What it holds.
    pub ty: fn() -> Type,
    /// Whether the object is invalid without it.
    pub required: bool,
    /// Whether `null` is a value of its elements (Istio's `withoutHeaders`).
    pub nullable: bool,
    /// When deprecated: what to use.
    pub deprecated: Option<&'static str>,
}

impl Field {
    /// An optional field without other names.
    pub const fn new(name: &'static str, ty: fn() -> Type) -> Self {
        Self {
            name,
            aliases: &[],
            ty,
            required: false,
            nullable: false,
            deprecated: None,
        }
    }
}

/// The table of an object type.
#[derive(Debug)]
pub struct ObjectType {
    /// Istio's name of the message, as error texts show it.
    pub name: &'static str,
    /// Its fields.
    pub fields: &'static [Field],
    /// Groups of fields of which at most one may be set.
    pub oneofs: &'static [fn() -> &'static [Field]],
    /// Whether unknown fields are passed over (Kubernetes kinds) and `null` means absent.
    pub open: bool,
}

impl ObjectType {
    /// All fields, those of the oneofs too.
    pub fn all_fields(&self) -> impl Iterator<Item = &'static Field> {
        let oneofs: Vec<&'static Field> = self.oneofs.iter().flat_map(|fields| fields()).collect();
        self.fields.iter().chain(oneofs)
    }

    /// The field of a JSON name or alias.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.all_fields()
            .find(|field| field.name == name || field.aliases.contains(&name))
    }
}

/// A type that documents hold.
pub trait Data: Sized {
    /// What it is, for tables and messages.
    fn ty() -> Type;

    /// Reads it. What is wrong is told to the context; `None` when there is nothing to keep.
    fn decode(node: &Node, cx: &mut Context) -> Option<Self>;

    /// Writes it.
    fn encode(&self) -> Value;

    /// Whether an object leaves the field out.
    fn is_absent(&self) -> bool {
        false
    }
}

/// A type with a table of fields.
pub trait Table: Data {
    /// The table.
    fn object_type() -> &'static ObjectType;
}

/// A choice between fields of the object around it.
pub trait Oneof: Sized {
    /// The fields.
    fn fields() -> &'static [Field];

    /// Reads one of them, by its JSON name.
    fn decode_field(name: &str, node: &Node, cx: &mut Context) -> Option<Self>;

    /// Writes the one that is set.
    fn encode_into(&self, out: &mut Map<String, Value>);
}
