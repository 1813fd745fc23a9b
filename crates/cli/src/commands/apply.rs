//! `sealane apply`: manifests become live as one change.

use anyhow::{Result, bail};
use http::{Method, StatusCode};
use sealane_model::kind::Kind;
use serde_json::{Value, json};

use crate::args::{Apply, DryRun, Output};
use crate::columns::text;
use crate::failure::Failure;
use crate::print::print_value;
use crate::{discover, manifests, print, progress, rest};

/// Applies the manifests and says what became of each object.
pub(crate) async fn run(args: &Apply) -> Result<()> {
    if args.dry_run == DryRun::Client {
        return read_here(args).await;
    }
    let texts = manifests::texts(&args.filename, &args.namespace)?;
    let admin = discover::admin(&args.server)?;
    let files = texts
        .iter()
        .map(|file| json!({ "name": &*file.path, "text": &*file.text }));
    let body = json!({
        "namespace": args.namespace,
        "files": files.collect::<Vec<_>>(),
        "dryRun": args.dry_run == DryRun::Server,
    });
    let body = ("application/json", body.to_string().into());
    let path = "/sealane/v1/apply";
    let exchange = admin.exchange(Method::POST, path, Some(body));
    let (status, answer) = progress::during("applying", exchange).await?;
    match (status, args.output) {
        (StatusCode::OK, Output::Json | Output::Yaml) => print_value(args.output, &answer),
        (StatusCode::OK, _) => show(args, &answer),
        (StatusCode::UNPROCESSABLE_ENTITY, _) => Err(Failure::bad_input(refusal(&answer)).into()),
        (StatusCode::UNAUTHORIZED, _) => Err(admin.refused(status, &answer, path)),
        (status, _) => bail!("the mesh answered {status}: {}", text(&answer, "/message")),
    }
}

/// Reads the manifests and says what applying would do, as far as it can be known here.
async fn read_here(args: &Apply) -> Result<()> {
    let keys = manifests::keys(&args.filename, &args.namespace)?;
    let admin = discover::admin(&args.server).ok();
    for (kind, namespace, name) in keys {
        let there = match &admin {
            Some(admin) => {
                admin
                    .find(&rest::object_path(kind, &namespace, &name))
                    .await?
            }
            None => None,
        };
        let outcome = if there.is_some() {
            "configured"
        } else {
            "created"
        };
        let name = rest::qualified_name(kind, &name);
        print::line(format_args!("{name} {outcome} (dry run)"))?;
    }
    Ok(())
}

fn strings<'a>(answer: &'a Value, pointer: &str) -> impl Iterator<Item = &'a str> {
    let list = answer.pointer(pointer).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}

fn show(args: &Apply, answer: &Value) -> Result<()> {
    let tried = args.dry_run == DryRun::Server;
    let mut changed = false;
    let objects = answer.get("objects").and_then(Value::as_array);
    for object in objects.into_iter().flatten() {
        let outcome = text(object, "/outcome");
        changed |= outcome != "unchanged";
        let name = text(object, "/name");
        let kind = Kind::named(&text(object, "/kind"));
        let name = kind.map_or_else(|| name.clone(), |kind| rest::qualified_name(kind, &name));
        let tried = if tried { " (server dry run)" } else { "" };
        match args.output {
            Output::Name => print::line(format_args!("{name}"))?,
            _ => print::line(format_args!("{name} {outcome}{tried}"))?,
        }
    }
    for warning in strings(answer, "/warnings") {
        print::note(format_args!("{}", warning.trim_end()));
    }
    let number = |name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or(0);
    if changed && !tried && args.output != Output::Name {
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
