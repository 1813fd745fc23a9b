//! The macros that declare object types, choices between names, and choices between fields.

use serde_json::{Map, Value};

use crate::schema::Data;

/// Puts a field into an object that is being written, unless it is absent.
pub fn encode_field<T: Data>(out: &mut Map<String, Value>, name: &str, value: &T) {
    if !value.is_absent() {
        out.insert(name.to_owned(), value.encode());
    }
}

/// Declares a struct with its decoding, encoding and table of fields.
///
/// `field: Type = "jsonName" [attribute: value, …]` for each field (the attributes are those of
/// [`Field`](crate::schema::Field)), then `oneof { field: Type, … }` with the choices
/// between fields. `, open` after the name passes over unknown fields.
macro_rules! object {
    (@open open) => { true };
    (@open) => { false };
    (
        $(#[$meta:meta])*
        pub struct $name:ident = $json:literal $(, $open:ident)? {
            $(
                $(#[$fmeta:meta])*
                $field:ident: $ty:ty = $jname:literal $([$($attr:ident: $value:expr),* $(,)?])?,
            )*
        } $(oneof {
            $($(#[$ometa:meta])* $ofield:ident: $oty:ty,)*
        })?
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct $name {
            $($(#[$fmeta])* pub $field: $ty,)*
            $($($(#[$ometa])* pub $ofield: Option<$oty>,)*)?
        }

        impl $crate::schema::Table for $name {
            fn object_type() -> &'static $crate::schema::ObjectType {
                static TYPE: $crate::schema::ObjectType = $crate::schema::ObjectType {
                    name: $json,
                    fields: &[$($crate::schema::Field {
                        $($($attr: $value,)*)?
                        ..$crate::schema::Field::new($jname, <$ty as $crate::schema::Data>::ty)
                    },)*],
                    oneofs: &[$($(<$oty as $crate::schema::Oneof>::fields,)*)?],
                    open: $crate::schema::object!(@open $($open)?),
                };
                &TYPE
            }
        }

        impl $crate::schema::Data for $name {
            fn ty() -> $crate::schema::Type {
                $crate::schema::Type::Object(<Self as $crate::schema::Table>::object_type())
            }

            fn decode(
                node: &$crate::tree::Node,
                cx: &mut $crate::schema::Context,
            ) -> Option<Self> {
                let mut out = Self::default();
                let ty = <Self as $crate::schema::Table>::object_type();
                let read = cx.object(ty, node, &mut |name, value, cx| {
                    $(if name == $jname {
                        if let Some(value) = <$ty as $crate::schema::Data>::decode(value, cx) {
                            out.$field = value;
                        }
                        return;
                    })*
                    $($(if let Some(value) =
                        <$oty as $crate::schema::Oneof>::decode_field(name, value, cx)
                    {
                        out.$ofield = Some(value);
                    })*)?
                });
                read.then_some(out)
            }

            fn encode(&self) -> serde_json::Value {
                let mut out = serde_json::Map::new();
                $($crate::schema::encode_field(&mut out, $jname, &self.$field);)*
                $($(if let Some(value) = &self.$ofield {
                    $crate::schema::Oneof::encode_into(value, &mut out);
                })*)?
                serde_json::Value::Object(out)
            }
        }
    };
}

/// Declares an enum that is written as one of some names.
macro_rules! choices {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$vmeta:meta])* $variant:ident = $text:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub enum $name {
            $($(#[$vmeta])* $variant,)*
        }

        impl $name {
            /// The names, in the order of the variants.
            pub const NAMES: &'static [&'static str] = &[$($text,)*];

            /// The name in documents.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }

            /// The variant of a name.
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        impl $crate::schema::Data for $name {
            fn ty() -> $crate::schema::Type {
                $crate::schema::Type::Choice(Self::NAMES)
            }

            fn decode(
                node: &$crate::tree::Node,
                cx: &mut $crate::schema::Context,
            ) -> Option<Self> {
                let name = cx.choice(node, Self::NAMES)?;
                Self::parse(name)
            }

            fn encode(&self) -> serde_json::Value {
                serde_json::Value::from(self.as_str())
            }
        }
    };
}

/// Declares an enum whose variants are fields of the object around it, of which at most one may
/// be set. With `object "Name", empty Variant` it is also an object of its own, where none of the
/// fields means that variant.
macro_rules! oneof {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$vmeta:meta])* $variant:ident($ty:ty) = $jname:literal
              $([$($attr:ident: $value:expr),* $(,)?])?,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name {
            $($(#[$vmeta])* $variant($ty),)*
        }

        $crate::schema::oneof!(@impl $name {
            $($variant($ty) = $jname $([$($attr: $value),*])?,)*
        } {});
    };
    (
        $(#[$meta:meta])*
        pub enum $name:ident object $json:literal, empty $(#[$emeta:meta])* $empty:ident {
            $($(#[$vmeta:meta])* $variant:ident($ty:ty) = $jname:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Default)]
        pub enum $name {
            $(#[$emeta])*
            #[default]
            $empty,
            $($(#[$vmeta])* $variant($ty),)*
        }

        $crate::schema::oneof!(@impl $name {$($variant($ty) = $jname,)*} {Self::$empty => {}});

        impl $crate::schema::Table for $name {
            fn object_type() -> &'static $crate::schema::ObjectType {
                static TYPE: $crate::schema::ObjectType = $crate::schema::ObjectType {
                    name: $json,
                    fields: &[],
                    oneofs: &[<$name as $crate::schema::Oneof>::fields],
                    open: false,
                };
                &TYPE
            }
        }

        impl $crate::schema::Data for $name {
            fn ty() -> $crate::schema::Type {
                $crate::schema::Type::Object(<Self as $crate::schema::Table>::object_type())
            }

            fn decode(
                node: &$crate::tree::Node,
                cx: &mut $crate::schema::Context,
            ) -> Option<Self> {
                if cx.nullable() && node.content == $crate::tree::Content::Null {
                    return Some(Self::$empty);
                }
                let mut out = Self::$empty;
                let ty = <Self as $crate::schema::Table>::object_type();
                let read = cx.object(ty, node, &mut |name, value, cx| {
                    let value = <Self as $crate::schema::Oneof>::decode_field(name, value, cx);
                    if let Some(value) = value {
                        out = value;
                    }
                });
                read.then_some(out)
            }

            fn encode(&self) -> serde_json::Value {
                let mut out = serde_json::Map::new();
                $crate::schema::Oneof::encode_into(self, &mut out);
                serde_json::Value::Object(out)
            }
        }
    };
    (@impl $name:ident {
        $($variant:ident($ty:ty) = $jname:literal $([$($attr:ident: $value:expr),*])?,)*
    } {$($arm:tt)*}) => {
        impl $crate::schema::Oneof for $name {
            fn fields() -> &'static [$crate::schema::Field] {
                static FIELDS: &[$crate::schema::Field] = &[$($crate::schema::Field {
                    $($($attr: $value,)*)?
                    ..$crate::schema::Field::new($jname, <$ty as $crate::schema::Data>::ty)
                },)*];
                FIELDS
            }

            fn decode_field(
                name: &str,
                node: &$crate::tree::Node,
                cx: &mut $crate::schema::Context,
            ) -> Option<Self> {
                match name {
                    $($jname => <$ty as $crate::schema::Data>::decode(node, cx).map(Self::$variant),)*
                    _ => None,
                }
            }

            fn encode_into(&self, out: &mut serde_json::Map<String, serde_json::Value>) {
                match self {
                    $(Self::$variant(value) => {
                        out.insert($jname.to_owned(), $crate::schema::Data::encode(value));
                    })*
                    $($arm)*
                }
            }
        }
    };
}

pub(crate) use {choices, object, oneof};
