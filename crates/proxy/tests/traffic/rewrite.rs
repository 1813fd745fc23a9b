//! What routes change on requests and answers.

use std::sync::Arc;

use http::StatusCode;
use sealane_runtime::Runtime;
use sealane_runtime::cors::CorsPolicy;
use sealane_runtime::fault::{Abort, Fault};
use sealane_runtime::format::Format;
use sealane_runtime::header::{HeaderEdits, HeaderWrite, WriteMode};
use sealane_runtime::matcher::string::{Place, StringMatch};
use sealane_runtime::route::{Action, HostRewrite, PathRewrite, Route};
use sealane_runtime::split::Fraction;

use crate::build::{cluster, forward, route, sidecar_with};
use crate::fixture::{Bench, get, request, run};

const POD: &str = "127.10.0.9:80";

fn write(name: &'static str, value: &str, mode: WriteMode) -> HeaderWrite {
    HeaderWrite {
        name: http::HeaderName::from_static(name),
        value: Arc::new(Format::parse(value).unwrap()),
        mode,
        keep_empty: false,
    }
}

fn serving(route: Route) -> Runtime {
    sidecar_with(vec![route], vec![cluster("v1", &[POD])])
}

fn to_v1(prefix: &str) -> Route {
    route(prefix, Action::Forward(Box::new(forward(&[("v1", 1)]))))
}

#[test]
fn path_and_authority_are_rewritten_and_the_old_ones_kept_in_headers() {
    run(async {
        let mut action = forward(&[("v1", 1)]);
        action.rewrite = PathRewrite::Prefix("/new".into());
        action.host_rewrite = Some(HostRewrite::Literal("re.host".into()));
        let bench = Bench::new(serving(route("/old", Action::Forward(Box::new(action)))));
        let seen = bench.echo(POD, "hello");
        bench.get("/old/a?b=1").await;
        assert_eq!(seen.last().uri(), "/new/a?b=1");
        assert_eq!(seen.header("host").as_deref(), Some("re.host"));
        assert_eq!(
            seen.header("x-envoy-original-path").as_deref(),
            Some("/old/a?b=1")
        );
        assert_eq!(
            seen.header("x-envoy-original-host").as_deref(),
            Some("reviews")
        );
        assert_eq!(seen.header("x-forwarded-host"), None);
        let record = bench.record().await;
        assert_eq!(record.path.as_deref(), Some("/old/a?b=1"));
        assert_eq!(record.authority.as_deref(), Some("re.host"));
    });
}

#[test]
fn header_operations_reach_the_upstream_and_every_answer() {
    run(async {
        let mut edited = to_v1("/");
        edited.headers.request = HeaderEdits {
            remove: vec![http::HeaderName::from_static("x-gone")],
            write: vec![
                write("x-set", "new", WriteMode::Overwrite),
                write("x-add", "two", WriteMode::Append),
                write("x-path", "%REQ(:PATH)% %REQ(x-gone)%", WriteMode::Append),
                write("host", "other", WriteMode::Overwrite),
            ],
        };
        edited.headers.response.write = vec![write("x-route", "1", WriteMode::Append)];
        let mut abort = to_v1("/abort");
        abort.headers = edited.headers.clone();
        abort.fault = Some(Arc::new(Fault {
            key: "rule".into(),
            delay: None,
            abort: Some((Abort::Http(StatusCode::IM_A_TEAPOT), Fraction::ALL)),
        }));
        let bench = Bench::new(sidecar_with(
            vec![abort, edited],
            vec![cluster("v1", &[POD])],
        ));
        let seen = bench.echo(POD, "hello");
        let mut call = get("/a");
        for (name, value) in [("x-gone", "1"), ("x-set", "old"), ("x-add", "one")] {
            call.headers_mut().insert(name, value.parse().unwrap());
        }
        let answer = bench.send(call).await;
        assert_eq!(answer.header("x-route"), Some("1"));
        assert_eq!(seen.header("x-gone"), None);
        assert_eq!(seen.header("x-set").as_deref(), Some("new"));
        let added: Vec<_> = seen
            .last()
            .headers()
            .get_all("x-add")
            .iter()
            .cloned()
            .collect();
        assert_eq!(added, ["one", "two"]);
        assert_eq!(seen.header("x-path").as_deref(), Some("/a"));
        assert_eq!(seen.header("host").as_deref(), Some("other"));
        let answer = bench.get("/abort").await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("x-route")),
            (418, Some("1"))
        );
    });
}

#[test]
fn cors_answers_preflights_and_marks_all_other_answers() {
    run(async {
        let mut crossing = to_v1("/");
        crossing.cors = Some(Arc::new(CorsPolicy {
            origins: vec![StringMatch::Text {
                place: Place::Whole,
                text: "http://o".into(),
                ignore_case: false,
            }],
            methods: Some("GET".parse().unwrap()),
            ..CorsPolicy::default()
        }));
        let bench = Bench::new(serving(crossing));
        let mut preflight = request("OPTIONS", "/", "");
        let headers = preflight.headers_mut();
        headers.insert("origin", "http://o".parse().unwrap());
        headers.insert("access-control-request-method", "GET".parse().unwrap());
        let answer = bench.send(preflight).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("access-control-allow-methods"), Some("GET"));
        assert_eq!(bench.record().await.details, "cors_response");
        let mut call = get("/");
        call.headers_mut()
            .insert("origin", "http://o".parse().unwrap());
        let answer = bench.send(call).await;
        assert_eq!(answer.status, 503, "nobody is there");
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some("http://o")
        );
    });
}
