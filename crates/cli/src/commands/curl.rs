//! `sealane curl`: one request, as a workload of the mesh would make it.

use anyhow::{Result, anyhow, bail};
use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{Method, Request, Uri};
use http_body_util::Full;
use serde_json::Value;

use crate::args::Curl;
use crate::client::{Admin, Answer, Link};
use crate::columns::text;
use crate::objects::few;
use crate::{discover, print, progress};

/// Makes the request and prints the answer.
pub(crate) async fn run(args: &Curl) -> Result<()> {
    let admin = discover::admin(&args.server)?;
    let capture = capture_of(&admin, &args.from).await?;
    let method = match (&args.method, args.head) {
        (None, true) => Some("HEAD"),
        (method, _) => method.as_deref(),
    };
    let request = Outgoing::new(&args.url, &args.headers)?.saying(method, args.data.as_deref())?;
    let id = request.id.clone();
    let mut link = Link::open(capture.parse()?).await?;
    let answer = progress::during("waiting for the answer", link.send(request.build()?)).await?;
    show(args, &answer)?;
    if answer.status.is_client_error() || answer.status.is_server_error() {
        explain(&admin, &id).await;
    }
    Ok(())
}

/// The capture address of the workload that a person named.
pub(crate) async fn capture_of(admin: &Admin, from: &str) -> Result<String> {
    let all = admin.get("/sealane/v1/workloads").await?;
    let all = all.as_array().cloned().unwrap_or_default();
    let (namespace, name) = from.split_once('/').unwrap_or(("", from));
    let is_meant = |workload: &&Value| {
        text(workload, "/name") == name
            && (namespace.is_empty() || text(workload, "/namespace") == namespace)
    };
    let mut found: Vec<_> = all.iter().filter(is_meant).collect();
    let is_default = |workload: &&Value| text(workload, "/namespace") == "default";
    if found.len() > 1 && found.iter().any(is_default) {
        found.retain(is_default);
    }
    match found.as_slice() {
        [workload] => Ok(text(workload, "/capture")),
        [] => Err(anyhow!(unknown(from, &all))),
        several => {
            let names: Vec<_> = several.iter().copied().map(full_name).collect();
            bail!(
                "workload {name} is in several namespaces\n  say which: {}",
                names.join(" ")
            )
        }
    }
}

/// The name by which a workload is named without doubt.
fn full_name(workload: &Value) -> String {
    let (namespace, name) = (text(workload, "/namespace"), text(workload, "/name"));
    match namespace.as_str() {
        "default" => name,
        namespace => format!("{namespace}/{name}"),
    }
}

/// The error for a workload that is not there, with the nearest one.
pub(crate) async fn unknown_workload(admin: &Admin, from: &str) -> String {
    let all = admin.get("/sealane/v1/workloads").await.unwrap_or_default();
    unknown(from, all.as_array().map_or(&[], Vec::as_slice))
}

fn unknown(from: &str, all: &[Value]) -> String {
    let names: Vec<_> = all.iter().map(|workload| text(workload, "/name")).collect();
    let name = from.rsplit_once('/').map_or(from, |(_, name)| name);
    let near = sealane_model::suggest::nearest(name, names.iter().map(String::as_str));
    let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
    let all: Vec<String> = all.iter().map(full_name).collect();
    format!(
        "there is no workload {from:?}{hint}\n  workloads: {}",
        few(&all)
    )
}

/// A request that is being put together.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    uri: Uri,
    method: Method,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
    /// The request id that it carries, by which the mesh's own account of it is found.
    pub(crate) id: String,
}

impl Outgoing {
    /// A GET of `url` with headers of the form `NAME: VALUE`.
    pub(crate) fn new(url: &str, headers: &[String]) -> Result<Self> {
        let full = if url.contains("://") {
            url.to_owned()
        } else {
            format!("http://{url}")
        };
        let uri: Uri = full.parse().map_err(|error| {
            anyhow!("{url:?} is no URL: {error}\n  want http://HOST[:PORT]/PATH")
        })?;
        if uri.scheme_str() != Some("http") || uri.host().is_none() {
            bail!("{url:?} is no URL to call\n  want http://HOST[:PORT]/PATH");
        }
        let headers = headers.iter().map(|header| parse_header(header));
        Ok(Self {
            uri,
            method: Method::GET,
            headers: headers.collect::<Result<_>>()?,
            body: Bytes::new(),
            id: new_id(),
        })
    }

    /// With a method and a body; without a method it is GET, or POST where there is a body.
    pub(crate) fn saying(mut self, method: Option<&str>, body: Option<&str>) -> Result<Self> {
        self.method = match (method, body) {
            (Some(method), _) => method.parse().map_err(|_ignored| {
                anyhow!("-X {method:?}: no method\n  want a word such as POST")
            })?,
            (None, Some(_)) => Method::POST,
            (None, None) => Method::GET,
        };
        self.body = Bytes::copy_from_slice(body.unwrap_or_default().as_bytes());
        Ok(self)
    }

    /// The same request with an id of its own.
    pub(crate) fn again(&self) -> Self {
        Self {
            id: new_id(),
            ..self.clone()
        }
    }

    /// The whole URL.
    pub(crate) fn url(&self) -> String {
        self.uri.to_string()
    }

    /// The method.
    pub(crate) const fn method(&self) -> &Method {
        &self.method
    }

    /// The address in the URL, when it names one and no name.
    pub(crate) fn socket(&self) -> Option<std::net::SocketAddr> {
        let host = self.uri.host()?.replace("localhost", "127.0.0.1");
        let port = self.uri.port_u16().unwrap_or(80);
        format!("{host}:{port}").parse().ok()
    }

    /// The authority of the URL as a client sends it: without the port where it is 80.
    pub(crate) fn authority(&self) -> String {
        let host = self.uri.host().unwrap_or_default();
        match self.uri.port_u16() {
            None | Some(80) => host.to_owned(),
            Some(port) => format!("{host}:{port}"),
        }
    }

    /// The request in absolute form, as a proxy wants it.
    pub(crate) fn build(&self) -> Result<Request<Full<Bytes>>> {
        self.with_target(self.uri.clone())
    }

    /// The request in origin form, as the server itself wants it.
    pub(crate) fn build_origin_form(&self) -> Result<Request<Full<Bytes>>> {
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        self.with_target(path.parse()?)
    }

    fn with_target(&self, target: Uri) -> Result<Request<Full<Bytes>>> {
        let mut request = Request::builder().method(&self.method).uri(target);
        let named = |wanted: &str| self.headers.iter().any(|(name, _)| name == wanted);
        if !named("host") {
            request = request.header("host", self.authority());
        }
        if !named("user-agent") {
            request = request.header("user-agent", "sealane");
        }
        if !named("x-request-id") {
            request = request.header("x-request-id", &self.id);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        Ok(request.body(Full::new(self.body.clone()))?)
    }
}

fn parse_header(text: &str) -> Result<(HeaderName, HeaderValue)> {
    let wanted = || anyhow!("-H {text:?} is no header\n  want 'NAME: VALUE'");
    let (name, value) = text.split_once(':').ok_or_else(wanted)?;
    let name = name.trim().parse().map_err(|_ignored| wanted())?;
    let value = value.trim().parse().map_err(|_ignored| wanted())?;
    Ok((name, value))
}

/// A request id in the form of a UUID.
fn new_id() -> String {
    use sealane_seam::Random as _;
    let random = sealane_seam::SystemRandom::new();
    let (a, b) = (random.next_u64(), random.next_u64());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        0x8000 | ((b >> 48) & 0x3fff),
        b & 0xffff_ffff_ffff
    )
}

fn show(args: &Curl, answer: &Answer) -> Result<()> {
    if args.include || args.head || !answer.status.is_success() {
        print::line(format_args!("HTTP/1.1 {}", answer.status))?;
    }
    if args.include || args.head {
        for (name, value) in &answer.headers {
            print::line(format_args!(
                "{name}: {}",
                String::from_utf8_lossy(value.as_bytes())
            ))?;
        }
        print::line(format_args!(""))?;
    }
    let body = String::from_utf8_lossy(&answer.body);
    match body.as_ref() {
        "" => Ok(()),
        body => print::line(format_args!("{}", body.trim_end_matches('\n'))),
    }
}

/// What the mesh says about a reply that it made itself, as comment lines on standard error.
async fn explain(admin: &Admin, id: &str) {
    // Without an account there is just the answer: a workload's own error, for example.
    let Ok(account) = admin.get(&format!("/sealane/v1/replies/{id}")).await else {
        return;
    };
    for line in account
        .pointer("/lines")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        if let Some(line) = line.as_str() {
            print::note(format_args!("# {line}"));
        }
    }
}
