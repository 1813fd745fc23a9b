//! `sealane scale`: how many pods a workload has.

use anyhow::{Result, bail};
use sealane_model::kind::Kind;
use serde_json::json;

use crate::args::Scale;
use crate::named;
use crate::objects::{done, object};
use crate::{discover, progress, rest};

/// Sets `spec.replicas`.
pub(crate) async fn run(args: &Scale) -> Result<()> {
    let objects = named::objects("scale", &args.objects)?;
    let scalable = [Kind::Deployment, Kind::StatefulSet, Kind::ReplicaSet];
    if let Some((kind, name)) = objects.iter().find(|(kind, _)| !scalable.contains(kind)) {
        bail!(
            "{} has no number of pods to set\n  deploy, sts and rs have one",
            rest::qualified_name(*kind, name)
        );
    }
    let admin = discover::admin(&args.server)?;
    for (kind, name) in objects {
        object(&admin, kind, &args.namespace, &name).await?;
        let path = rest::object_path(kind, &args.namespace, &name);
        let patch = json!({ "spec": { "replicas": args.replicas } });
        let shown = rest::qualified_name(kind, &name);
        let scaling = admin.merge(&path, &patch);
        let after = progress::during(&format!("scaling {shown}"), scaling).await?;
        done(args.output, &shown, "scaled", &after)?;
    }
    Ok(())
}
