//! Which fields are read but not acted on yet. This list may only shrink.

/// A field that nothing acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotActedOn {
    /// The object type that has the field, by its Istio name.
    pub object: &'static str,
    /// The field's JSON name.
    pub field: &'static str,
    /// What happens instead.
    pub instead: &'static str,
}

/// The fields that nothing acts on.
pub const NOT_ACTED_ON: &[NotActedOn] = &[];

/// The entry of a field, when nothing acts on it.
pub fn not_acted_on(object: &str, field: &str) -> Option<&'static NotActedOn> {
    NOT_ACTED_ON
        .iter()
        .find(|entry| entry.object == object && entry.field == field)
}
