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

/// What changes a proxy in Envoy and is not served here, and why not, or what to do instead.
pub(super) const MUTATIONS: &[(&str, &str)] = &[
    ("/allocprofiler", PROFILERS),
    ("/cpuprofiler", PROFILERS),
    (
        "/drain_listeners",
        "a proxy drains when its pods are scaled away or the mesh stops",
    ),
    ("/healthcheck/fail", HEALTH),
    ("/healthcheck/ok", HEALTH),
    ("/heapprofiler", PROFILERS),
    (
        "/logging",
        "levels are chosen at the start: SEALANE_LOG=debug sealane up",
    ),
    (
        "/quitquitquit",
        "a proxy ends with the mesh: stop sealane up, by Ctrl-C or SIGTERM",
    ),
    (
        "/reopen_logs",
        "the access log stays open: copy and truncate it to rotate it",
    ),
    (
        "/reset_counters",
        "counters only grow: compare two readings",
    ),
    (
        "/runtime_modify",
        "there are no runtime values: the mesh is changed by its objects",
    ),
    ("/stats/recentlookups/clear", LOOKUPS),
    ("/stats/recentlookups/disable", LOOKUPS),
    ("/stats/recentlookups/enable", LOOKUPS),
];

/// What shows the inside of Envoy and is not served here, and why not.
pub(super) const INSIDE: &[(&str, &str)] = &[
    ("/contention", "mutexes are not traced"),
    ("/heap_dump", PROFILERS),
    (
        "/hot_restart_version",
        "there are no hot restarts: changes cost no request",
    ),
    (
        "/init_dump",
        "nothing waits to be initialised: a generation is live as a whole, see /ready",
    ),
    (
        "/memory/tcmalloc",
        "the allocator is the system's: see /memory",
    ),
    ("/peak_heap_dump", PROFILERS),
    (
        "/runtime",
        "there are no runtime values: the mesh is changed by its objects",
    ),
    ("/stats/recentlookups", LOOKUPS),
];

const PROFILERS: &str = "no profiler is built in: use the system's on the process of sealane up";
const HEALTH: &str = "who is called is the Service's doing: scale a workload, or change its labels";
const LOOKUPS: &str = "statistics are not looked up by name";
