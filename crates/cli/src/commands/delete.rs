//! `sealane delete`.

use anyhow::{Result, bail};
use http::Method;

use crate::args::Delete;
use crate::objects::not_found;
use crate::print::line;
use crate::{discover, named, rest};

/// Deletes the objects that are named, on the command line or by files.
pub(crate) async fn run(args: &Delete) -> Result<()> {
    let mut keys = named::objects("delete", &args.objects)?;
    let keys_of_files = crate::manifests::keys(&args.filename, &args.namespace)?;
    let mut keys: Vec<_> = keys
        .drain(..)
        .map(|(kind, name)| (kind, args.namespace.clone(), name))
        .collect();
    keys.extend(keys_of_files);
    if keys.is_empty() {
        bail!("nothing to delete\n  name objects as KIND NAME or KIND/NAME, or files with -f");
    }
    let admin = discover::admin(&args.server)?;
    for (kind, namespace, name) in keys {
        let path = rest::object_path(kind, &namespace, &name);
        if admin.find(&path).await?.is_none() {
            if args.ignore_not_found {
                continue;
            }
            bail!(not_found(&admin, kind, &namespace, &name).await);
        }
        admin.call(Method::DELETE, &path, None).await?;
        let info = kind.info();
        let group = match info.group {
            "" => String::new(),
            group => format!(".{group}"),
        };
        line(format_args!("{}{group} \"{name}\" deleted", info.singular))?;
    }
    Ok(())
}
