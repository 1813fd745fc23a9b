//! The conditions of an HTTP route.

use std::collections::BTreeMap;

use crate::networking::string_match::StringMatch;
use crate::schema::object;

object! {
    /// A condition of an HTTP route; all that is set must hold.
    pub struct HttpMatchRequest = "HTTPMatchRequest" {
        /// A name for logs; it becomes part of the route's name.
        name: Option<String> = "name",
        /// The path, without the query.
        uri: Option<StringMatch> = "uri",
        /// `http` or `https`.
        scheme: Option<StringMatch> = "scheme",
        /// The method.
        method: Option<StringMatch> = "method",
        /// The authority, with the port when the client sent one.
        authority: Option<StringMatch> = "authority",
        /// Headers by their lower-case names.
        headers: BTreeMap<String, StringMatch> = "headers",
        /// The port of the listener.
        port: Option<u32> = "port",
        /// Labels that the calling workload has.
        source_labels: BTreeMap<String, String> = "sourceLabels",
        /// The gateways at which it applies; it replaces the list of the VirtualService.
        gateways: Vec<String> = "gateways",
        /// Parameters of the query.
        query_params: BTreeMap<String, StringMatch> = "queryParams",
        /// Whether `exact` and `prefix` of `uri` ignore case.
        ignore_uri_case: Option<bool> = "ignoreUriCase",
        /// Headers that must not match.
        without_headers: BTreeMap<String, StringMatch> = "withoutHeaders" [nullable: true],
        /// The namespace of the calling workload.
        source_namespace: Option<String> = "sourceNamespace",
        /// A prefix for statistics.
        stat_prefix: Option<String> = "statPrefix",
    }
}
