//! The HTTP filters that act on requests before they are forwarded. CORS is not among them: all of
//! it is in `sealane_runtime::cors`, and its outcome is put to use in `http::serve`.

pub(crate) mod fault;
