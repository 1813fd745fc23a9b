//! The paths of the admin interface, in a line each.

/// What is served.
pub(super) const COMMANDS: &[(&str, &str)] = &[
    ("/certs", "print certs on machine (none: TLS is not served)"),
    (
        "/clusters",
        "upstream cluster status (?format=json, ?proxy=NAME.NAMESPACE)",
    ),
    (
        "/config_dump",
        "dump the configuration of a proxy (?include_eds, ?resource=FIELD, ?mask=PATHS, \
         ?name_regex=REGEX, ?proxy=NAME.NAMESPACE)",
    ),
    ("/help", "print out list of admin commands"),
    (
        "/listeners",
        "print listener info (?format=json, ?proxy=NAME.NAMESPACE)",
    ),
    ("/memory", "print current allocation/heap usage"),
    (
        "/ready",
        "print server state, return 200 if LIVE, otherwise return 503",
    ),
    (
        "/server_info",
        "print server version/status information (?proxy=NAME.NAMESPACE)",
    ),
    (
        "/stats",
        "print server stats (?filter=REGEX, ?usedonly, ?format=json|prometheus, \
         ?proxy=NAME.NAMESPACE)",
    ),
    (
        "/stats/prometheus",
        "print server stats in prometheus format (?filter=REGEX, ?proxy=NAME.NAMESPACE)",
    ),
];

/// What Envoy serves and this does not, because it changes a proxy.
pub(super) const MUTATIONS: &[(&str, &str)] = &[
    ("/drain_listeners", "not served (POST)"),
    ("/healthcheck/fail", "not served (POST)"),
    ("/healthcheck/ok", "not served (POST)"),
    ("/logging", "not served (POST); use RUST_LOG"),
    ("/quitquitquit", "not served (POST); end the mesh instead"),
    ("/reset_counters", "not served (POST)"),
    ("/runtime_modify", "not served (POST)"),
];
