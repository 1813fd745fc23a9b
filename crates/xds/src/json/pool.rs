//! The descriptors of the messages in use, read once, and the keys that an `Any` has in JSON.

use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, MessageDescriptor};

/// The key that says of which type the message in an `Any` is.
pub(super) const TYPE: &str = "@type";
/// The key that holds the encoded message where it cannot be shown field by field.
pub(super) const BYTES: &str = "@bytes";
/// The key that holds a well-known type in an `Any`, which has a JSON form of its own.
pub(super) const VALUE: &str = "value";

/// Written by `cargo xtask gen`.
static DESCRIPTORS: &[u8] = include_bytes!("../descriptors.bin");

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(DESCRIPTORS)
        .expect("`xtask gen` writes only a set that it could read back")
});

/// The descriptor of a message, by its full name.
pub(super) fn message(full_name: &str) -> Option<MessageDescriptor> {
    POOL.get_message_by_name(full_name)
}

/// Well-known types, except `Any`: their JSON is not the list of their fields.
pub(super) fn has_own_json(full_name: &str) -> bool {
    matches!(
        full_name.strip_prefix("google.protobuf."),
        Some(
            "Timestamp"
                | "Duration"
                | "Struct"
                | "Value"
                | "ListValue"
                | "FieldMask"
                | "Empty"
                | "DoubleValue"
                | "FloatValue"
                | "Int64Value"
                | "UInt64Value"
                | "Int32Value"
                | "UInt32Value"
                | "BoolValue"
                | "StringValue"
                | "BytesValue"
        )
    )
}
