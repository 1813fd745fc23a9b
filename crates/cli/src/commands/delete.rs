//! `sealane delete`.

use anyhow::{Result, bail};
use http::Method;
use sealane_model::kind::Kind;

use crate::args::Delete;
use crate::commands::get::unknown_kind;
use crate::print::line;
use crate::{discover, rest};

/// Deletes the objects that are named, on the command line or by files.
pub(crate) async fn run(args: &Delete) -> Result<()> {
    let mut keys = named(&args.objects)?;
    let keys_of_files = crate::manifests::keys(&args.filename, &args.namespace)?;
    let mut keys: Vec<_> = keys
        .drain(..)
        .map(|(kind, name)| (kind, args.namespace.clone(), name))
        .collect();
    keys.extend(keys_of_files);
    if keys.is_empty() {
        bail!("nothing to delete: name objects as KIND NAME or KIND/NAME, or files with -f");
    }
    let admin = discover::admin(&args.server)?;
    for (kind, namespace, name) in keys {
        let path = rest::object_path(kind, &namespace, &name);
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

/// The objects of `KIND NAME NAME…` and `KIND/NAME KIND/NAME…`.
fn named(words: &[String]) -> Result<Vec<(Kind, String)>> {
    let kind = |word: &str| Kind::named(word).ok_or_else(|| anyhow::anyhow!(unknown_kind(word)));
    match words {
        [] => Ok(Vec::new()),
        [first, rest @ ..] if !first.contains('/') => {
            let kind = kind(first)?;
            if rest.is_empty() {
                bail!("delete {first}: which one? want {first} NAME");
            }
            Ok(rest.iter().map(|name| (kind, name.clone())).collect())
        }
        all => all
            .iter()
            .map(|word| {
                let (word, name) = word.split_once('/').unwrap_or((word, ""));
                Ok((kind(word)?, name.to_owned()))
            })
            .collect(),
    }
}
