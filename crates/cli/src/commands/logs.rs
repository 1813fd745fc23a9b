//! `sealane logs`: what pods said, and what they say.

use anyhow::{Result, bail};
use futures_util::future::try_join_all;
use sealane_model::kind::Kind;
use serde_json::Value;

use crate::args::Logs;
use crate::client::Admin;
use crate::columns::text;
use crate::named::{self, WORKLOAD};
use crate::objects::{items, not_found, object};
use crate::{discover, print, rest};

/// Pods whose logs are followed at a time, at most.
const FOLLOWED: usize = 100;

/// Prints the logs of the pods that are meant.
pub(crate) async fn run(args: &Logs) -> Result<()> {
    let admin = discover::admin(&args.server)?;
    let pods = pods(&admin, args).await?;
    let prefixed = args.prefix || pods.len() > 1;
    if !args.follow {
        for pod in &pods {
            tell(&admin, args, pod, prefixed).await?;
        }
        return Ok(());
    }
    if pods.len() > FOLLOWED {
        let count = pods.len();
        bail!("{count} pods to follow: at most {FOLLOWED} at a time\n  name fewer of them");
    }
    let all = pods.iter().map(|pod| tell(&admin, args, pod, prefixed));
    try_join_all(all).await?;
    Ok(())
}

async fn tell(admin: &Admin, args: &Logs, pod: &str, prefixed: bool) -> Result<()> {
    let path = format!("{}/log", rest::object_path(Kind::Pod, &args.namespace, pod));
    let tail = usize::try_from(args.tail)
        .ok()
        .map(|lines| lines.to_string());
    let since = args.since.map(|since| since.as_secs().max(1).to_string());
    let query = [
        ("follow", args.follow.then_some("true")),
        ("timestamps", args.timestamps.then_some("true")),
        ("tailLines", tail.as_deref()),
        ("sinceSeconds", since.as_deref()),
        ("container", args.container.as_deref()),
    ];
    let mut lines = admin.lines(&rest::with_query(&path, &query)).await?;
    while let Some(line) = lines.next().await? {
        // As it is: a sign at its start is the pod's own, and gets no colour of ours.
        if prefixed {
            print::text(&format!("[pod/{pod}] {line}\n"))?;
        } else {
            print::text(&format!("{line}\n"))?;
        }
    }
    Ok(())
}

/// The names of the pods that are meant.
async fn pods(admin: &Admin, args: &Logs) -> Result<Vec<String>> {
    if let Some(selector) = &args.selector {
        return selected(admin, &args.namespace, selector).await;
    }
    let mut pods: Vec<String> = Vec::new();
    for word in &args.objects {
        let found = match word.split_once('/') {
            Some((kind, name)) => of_kind(admin, args, kind, name).await?,
            None => of_name(admin, args, word).await?,
        };
        for pod in found {
            if !pods.contains(&pod) {
                pods.push(pod);
            }
        }
    }
    Ok(pods)
}

async fn of_kind(admin: &Admin, args: &Logs, kind: &str, name: &str) -> Result<Vec<String>> {
    let namespace = &args.namespace;
    if WORKLOAD.contains(&kind) {
        return match of_workload(admin, namespace, name).await? {
            Some(pods) => Ok(pods),
            None => bail!("workload {name:?} not found in namespace {namespace}"),
        };
    }
    let kind = named::kind(kind)?;
    let found = object(admin, kind, namespace, name).await?;
    match kind {
        Kind::Pod => Ok(vec![name.to_owned()]),
        Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::ReplicaSet => {
            match of_workload(admin, namespace, name).await? {
                Some(pods) => Ok(pods),
                None => bail!(
                    "{kind} {name} has no pods\n  scale it: sealane scale {kind} {name} --replicas 1"
                ),
            }
        }
        Kind::Service => match selector_of(&found) {
            Some(selector) => selected(admin, namespace, &selector).await,
            None => bail!("service {name} selects no pods"),
        },
        other => bail!("{other} has no logs\n  pods, deploy, sts, ds, rs and svc have some"),
    }
}

/// The pod of that name, or the pods of the workload of that name.
async fn of_name(admin: &Admin, args: &Logs, name: &str) -> Result<Vec<String>> {
    let path = rest::object_path(Kind::Pod, &args.namespace, name);
    if admin.find(&path).await?.is_some() {
        return Ok(vec![name.to_owned()]);
    }
    match of_workload(admin, &args.namespace, name).await? {
        Some(pods) => Ok(pods),
        None => bail!(not_found(admin, Kind::Pod, &args.namespace, name).await),
    }
}

/// The pods of a workload; `None` when it has none.
async fn of_workload(admin: &Admin, namespace: &str, name: &str) -> Result<Option<Vec<String>>> {
    let all = admin.get("/sealane/v1/workloads").await?;
    let all = all.as_array().map(Vec::as_slice).unwrap_or_default();
    let found = all
        .iter()
        .find(|it| text(it, "/namespace") == namespace && text(it, "/name") == name);
    let pods = found.and_then(|it| it.get("pods")?.as_array());
    let names = pods.map(|pods| pods.iter().map(|pod| text(pod, "/name")).collect());
    Ok(names)
}

async fn selected(admin: &Admin, namespace: &str, selector: &str) -> Result<Vec<String>> {
    let path = rest::list_path(Kind::Pod, Some(namespace));
    let path = rest::with_query(&path, &[("labelSelector", Some(selector))]);
    let pods = items(admin, &path).await?;
    if pods.is_empty() {
        bail!("no pod in namespace {namespace} has {selector}");
    }
    Ok(pods.iter().map(|pod| text(pod, "/metadata/name")).collect())
}

/// The selector of a Service as a query has it.
fn selector_of(service: &Value) -> Option<String> {
    let labels = service.pointer("/spec/selector")?.as_object()?;
    let pairs = labels
        .iter()
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)));
    let pairs: Vec<String> = pairs.collect();
    (!pairs.is_empty()).then(|| pairs.join(","))
}
