//! Where the servers of Gateways are bound, in the `status` of their objects.

use anyhow::Result;
use serde_json::{Value, json};

use crate::client::Admin;
use crate::columns::text;

/// What is shown of a server: its port, name, protocol and hosts as declared, and the address on
/// this machine, null while it is not served.
const SHOWN: [&str; 5] = ["port", "name", "protocol", "hosts", "address"];

/// Adds `status.servers` to Gateways, in the order of `spec.servers`.
pub(super) async fn add(admin: &Admin, gateways: &mut [Value]) -> Result<()> {
    let all = admin.get("/sealane/v1/gateways").await?;
    let all = all.as_array().map_or(&[][..], Vec::as_slice);
    for gateway in gateways {
        let servers = servers_of(gateway, all);
        if let Value::Object(fields) = gateway {
            let status = fields.entry("status").or_insert_with(|| json!({}));
            if let Value::Object(status) = status {
                status.insert("servers".to_owned(), servers);
            }
        }
    }
    Ok(())
}

fn servers_of(gateway: &Value, all: &[Value]) -> Value {
    let (namespace, name) = (
        text(gateway, "/metadata/namespace"),
        text(gateway, "/metadata/name"),
    );
    let its = all.iter().filter(|server| {
        text(server, "/namespace") == namespace && text(server, "/gateway") == name
    });
    its.map(|server| {
        let shown = SHOWN.iter().filter_map(|field| {
            let value = server.get(field)?;
            Some(((*field).to_owned(), value.clone()))
        });
        Value::Object(shown.collect())
    })
    .collect()
}
