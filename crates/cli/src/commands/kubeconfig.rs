//! `sealane kubeconfig`: how kubectl finds the running mesh.

use anyhow::Result;
use serde_json::{Value, json};

use crate::args::{Kubeconfig, Output};
use crate::client::Admin;
use crate::discover;
use crate::print::print_value;

/// Prints a kubeconfig whose current context is the mesh that `args` mean.
pub(crate) async fn run(args: &Kubeconfig) -> Result<()> {
    let admin = discover::admin(&args.server)?;
    // A mesh that does not answer would make a file that leads nowhere.
    admin.get("/version").await?;
    print_value(Output::Yaml, &config(&admin, args))
}

fn config(admin: &Admin, args: &Kubeconfig) -> Value {
    let (name, authority) = (&args.name, admin.authority());
    let mut cluster = json!({ "server": format!("http://{authority}") });
    let mut user = json!({});
    if let Some(token) = admin.token() {
        let token = token.reveal();
        user["token"] = token.into();
        // kubectl sends a token over TLS only; to a proxy it sends a password in any case.
        cluster["proxy-url"] = format!("http://sealane:{}@{authority}", escaped(token)).into();
    }
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": name, "cluster": cluster }],
        "users": [{ "name": name, "user": user }],
        "contexts": [{
            "name": name,
            "context": { "cluster": name, "user": name, "namespace": args.namespace },
        }],
        "current-context": name,
    })
}

/// A token as the password of a URL.
fn escaped(token: &str) -> String {
    token
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D")
}
