//! `sealane apply`: manifests become live as one change.

use anyhow::Result;
use http::{Method, StatusCode};
use sealane_model::kind::Kind;
use serde_json::{Value, json};

use crate::args::Apply;
use crate::columns::text;
use crate::failure::Failure;
use crate::{discover, manifests, print, rest};

/// Applies the manifests and says what became of each object.
pub(crate) async fn run(args: &Apply) -> Result<()> {
    let texts = manifests::texts(&args.filename, &args.namespace)?;
    let admin = discover::admin(&args.server)?;
    let files = texts
        .iter()
        .map(|file| json!({ "name": &*file.path, "text": &*file.text }));
    let body = json!({
        "namespace": args.namespace,
        "files": files.collect::<Vec<_>>(),
    });
    let body = ("application/json", body.to_string().into());
    let path = "/sealane/v1/apply";
    let (status, answer) = admin.exchange(Method::POST, path, Some(body)).await?;
    if status == StatusCode::OK {
        return show(&answer);
    }
    Err(Failure::bad_input(refusal(&answer)).into())
}

fn strings<'a>(answer: &'a Value, pointer: &str) -> impl Iterator<Item = &'a str> {
    let list = answer.pointer(pointer).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}

fn show(answer: &Value) -> Result<()> {
    let mut changed = false;
    let objects = answer.get("objects").and_then(Value::as_array);
    for object in objects.into_iter().flatten() {
        let outcome = text(object, "/outcome");
        changed |= outcome != "unchanged";
        let name = text(object, "/name");
        let kind = Kind::named(&text(object, "/kind"));
        let name = kind.map_or_else(|| name.clone(), |kind| rest::qualified_name(kind, &name));
        print::line(format_args!("{name} {outcome}"))?;
    }
    for warning in strings(answer, "/warnings") {
        print::note(format_args!("{}", warning.trim_end()));
    }
    let number = |name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or(0);
    if changed {
        let proxies = match number("proxies") {
            1 => "1 proxy".to_owned(),
            count => format!("{count} proxies"),
        };
        print::line(format_args!(
            "generation {} live on {proxies} in {} ms",
            number("generation"),
            number("tookMs")
        ))?;
    }
    Ok(())
}

fn refusal(answer: &Value) -> String {
    let mut shown: Vec<&str> = strings(answer, "/errors").map(str::trim_end).collect();
    let count = match shown.len() {
        1 => "1 error".to_owned(),
        count => format!("{count} errors"),
    };
    let last = format!("{count}. Nothing changed.");
    shown.push(&last);
    shown.join("\n\n")
}
