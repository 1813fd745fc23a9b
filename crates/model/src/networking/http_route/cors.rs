//! The CORS policy of a route.

use crate::duration::Duration;
use crate::networking::string_match::StringMatch;
use crate::schema::{choices, object};

object! {
    /// Which cross-origin requests browsers may make.
    pub struct CorsPolicy = "CorsPolicy" {
        /// The allowed origins, exactly; from before `allowOrigins`.
        allow_origin: Vec<String> = "allowOrigin" [
            deprecated: Some("use `allowOrigins: [{exact: …}]`"),
        ],
        /// The allowed origins.
        allow_origins: Vec<StringMatch> = "allowOrigins",
        /// The allowed methods.
        allow_methods: Vec<String> = "allowMethods",
        /// The allowed request headers.
        allow_headers: Vec<String> = "allowHeaders",
        /// The response headers that scripts may read.
        expose_headers: Vec<String> = "exposeHeaders",
        /// How long browsers may keep the answer; whole seconds.
        max_age: Option<Duration> = "maxAge",
        /// Whether cookies may be sent.
        allow_credentials: Option<bool> = "allowCredentials",
        /// What happens to preflight requests of other origins; absent is to forward them.
        unmatched_preflights: Option<UnmatchedPreflights> = "unmatchedPreflights",
    }
}

choices! {
    /// What happens to a preflight request that no allowed origin matches.
    pub enum UnmatchedPreflights {
        /// As [`Self::Forward`].
        #[default]
        Unspecified = "UNSPECIFIED",
        /// It goes to the workload.
        Forward = "FORWARD",
        /// It is answered without CORS headers.
        Ignore = "IGNORE",
    }
}
