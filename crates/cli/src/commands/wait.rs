//! `sealane wait`: until a generation is live, or an object is as one wants it.

use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use sealane_model::kind::Kind;
use serde_json::Value;

use crate::args::Wait;
use crate::client::Admin;
use crate::columns::text;
use crate::failure::Failure;
use crate::objects::object;
use crate::rules::array;
use crate::{discover, named, print, progress, rest};

/// What is waited for.
enum Goal {
    Deleted,
    /// A condition of the status with its value.
    Condition(String, String),
}

/// Waits for what `args` say.
pub(crate) async fn run(args: &Wait) -> Result<()> {
    if let Some(generation) = args.generation {
        return live(args, generation).await;
    }
    let goal = goal(args.condition.as_deref().unwrap_or_default())?;
    let objects = named::objects("wait", &args.objects)?;
    let admin = discover::admin(&args.server)?;
    let until = tokio::time::Instant::now() + args.timeout;
    for (kind, name) in objects {
        let shown = rest::qualified_name(kind, &name);
        let wait = met(args, &admin, (kind, &name), &goal);
        let wait = tokio::time::timeout_at(until, wait);
        match progress::during(&format!("waiting for {shown}"), wait).await {
            Ok(met) => met?,
            Err(_elapsed) => bail!(
                "timed out waiting for the condition on {}/{name}\n  it was not met within {}",
                kind.info().plural,
                seconds(args.timeout)
            ),
        }
        print::line(format_args!("{shown} condition met"))?;
    }
    Ok(())
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

fn goal(text: &str) -> Result<Goal> {
    if text == "delete" {
        return Ok(Goal::Deleted);
    }
    let condition = text
        .strip_prefix("condition=")
        .filter(|name| !name.is_empty());
    let condition = condition.ok_or_else(|| Failure {
        code: crate::failure::USAGE,
        text: format!(
            "error: --for={text} is not known\n  want --for=delete, --for=condition=Ready or --for=condition=Ready=False"
        ),
    })?;
    let (name, value) = condition.split_once('=').unwrap_or((condition, "True"));
    Ok(Goal::Condition(name.to_owned(), value.to_owned()))
}

/// Waits until every proxy serves a generation.
async fn live(args: &Wait, generation: u64) -> Result<()> {
    let admin = discover::admin(&args.server)?;
    let ms = args.timeout.as_millis();
    let path = format!("/sealane/v1/live?generation={generation}&timeoutMs={ms}");
    let what = format!("waiting for generation {generation}");
    let answer = progress::during(&what, admin.get(&path)).await?;
    let live = answer.get("live").and_then(Value::as_bool).unwrap_or(false);
    let newest = answer
        .get("generation")
        .and_then(Value::as_u64)
        .unwrap_or(0);
    if live {
        return print::line(format_args!("generation {generation} is live"));
    }
    let why = text(&answer, "/reason");
    let why = if why.is_empty() {
        format!(
            "generation {newest} is live after {}",
            seconds(args.timeout)
        )
    } else {
        why
    };
    Err(anyhow!("generation {generation} is not live\n  {why}"))
}

/// Waits until one object is as wanted. What was gone before, or never there, is deleted.
async fn met(args: &Wait, admin: &Admin, (kind, name): (Kind, &str), goal: &Goal) -> Result<()> {
    let path = rest::object_path(kind, &args.namespace, name);
    if matches!(goal, Goal::Condition(..)) {
        let now = object(admin, kind, &args.namespace, name).await?;
        if is_met(goal, "MODIFIED", &now) {
            return Ok(());
        }
    } else if admin.find(&path).await?.is_none() {
        return Ok(());
    }
    let field = format!("metadata.name={name}");
    let list = rest::list_path(kind, Some(&args.namespace));
    let query = [
        ("watch", Some("true")),
        ("fieldSelector", Some(field.as_str())),
    ];
    let mut events = admin.lines(&rest::with_query(&list, &query)).await?;
    // What happened between the look and the watch: it begins with all that is there.
    if matches!(goal, Goal::Deleted) && admin.find(&path).await?.is_none() {
        return Ok(());
    }
    while let Some(line) = events.next().await? {
        let event: Value = serde_json::from_str(&line).unwrap_or_default();
        let object = event.get("object").cloned().unwrap_or_default();
        if is_met(goal, &text(&event, "/type"), &object) {
            return Ok(());
        }
    }
    Err(anyhow!("the mesh has ended before that"))
}

fn is_met(goal: &Goal, event: &str, object: &Value) -> bool {
    match goal {
        Goal::Deleted => event == "DELETED",
        Goal::Condition(name, value) => {
            event != "DELETED"
                && array(object, "/status/conditions").iter().any(|condition| {
                    text(condition, "/type").eq_ignore_ascii_case(name)
                        && text(condition, "/status").eq_ignore_ascii_case(value)
                })
        }
    }
}
