//! `sealane env`: where the gateways are, as shell variables.

use anyhow::Result;
use serde_json::Value;

use crate::args::{Env, Output};
use crate::print::print_value;
use crate::{discover, print};

/// Prints `INGRESS_HOST`, `INGRESS_PORT`, `SECURE_INGRESS_PORT` and `GATEWAY_URL`, for `eval`.
pub(crate) async fn run(args: &Env) -> Result<()> {
    let admin = discover::admin(&args.server)?;
    let variables = admin.get("/sealane/v1/env").await?;
    if matches!(args.output, Output::Json | Output::Yaml) {
        return print_value(args.output, &variables);
    }
    for (name, value) in variables.as_object().into_iter().flatten() {
        let value = value
            .as_str()
            .map_or_else(|| Value::to_string(value), str::to_owned);
        print::line(format_args!("export {name}={value}"))?;
    }
    Ok(())
}
