//! `sealane kubeconfig`: how kubectl finds the running mesh.

use anyhow::Result;
use serde_json::{Value, json};

use crate::args::{Kubeconfig, Output};
use crate::discover;
use crate::print::print_value;

/// Prints a kubeconfig whose current context is the mesh that `args` mean.
pub(crate) async fn run(args: &Kubeconfig) -> Result<()> {
    let admin = discover::admin(&args.server)?;
    // A mesh that does not answer would make a file that leads nowhere.
    admin.get("/version").await?;
    print_value(Output::Yaml, &config(&admin.url(), args))
}

fn config(url: &str, args: &Kubeconfig) -> Value {
    let name = &args.name;
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": name, "cluster": { "server": url } }],
        "users": [{ "name": name, "user": {} }],
        "contexts": [{
            "name": name,
            "context": { "cluster": name, "user": name, "namespace": args.namespace },
        }],
        "current-context": name,
    })
}
