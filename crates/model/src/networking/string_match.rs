//! How a text is compared: exactly, by its beginning, or by a regular expression.

use crate::schema::oneof;

oneof! {
    /// Istio's `StringMatch`.
    pub enum StringMatch object "StringMatch", empty
        /// Nothing is set (`{}`): the thing must be there, with any value. In `withoutHeaders`
        /// it must not be there, and `null` says the same.
        Present
    {
        /// The whole text, byte for byte.
        Exact(String) = "exact",
        /// The beginning of the text.
        Prefix(String) = "prefix",
        /// An RE2 expression that the whole text must match.
        Regex(String) = "regex",
    }
}
