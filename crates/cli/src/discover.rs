//! How a command finds the mesh that runs: `sealane up` leaves a file that says where its admin
//! API is.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process;
use std::time::{Duration, SystemTime};

use anyhow::{Result, bail};

use crate::args::ServerArgs;
use crate::client::Admin;
use crate::failure::{Failure, USAGE};
use crate::output::{age, table};

/// How long a mesh may take to answer the knock of a command that looks for it.
const KNOCK: Duration = Duration::from_millis(300);

/// The file that tells where a mesh is, removed when this is dropped.
#[derive(Debug)]
pub(crate) struct RuntimeFile(PathBuf);

impl RuntimeFile {
    /// Says that this process's mesh answers at `admin`, and what it was started with.
    pub(crate) fn write(admin: SocketAddr, paths: &[PathBuf]) -> io::Result<Self> {
        let folder = folder();
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{}.admin", process::id()));
        let paths: Vec<String> = paths.iter().map(|path| absolute(path)).collect();
        fs::write(&path, format!("http://{admin}\n{}\n", paths.join(" ")))?;
        Ok(Self(path))
    }
}

impl Drop for RuntimeFile {
    fn drop(&mut self) {
        // Nobody is hurt by a file that stays: a mesh that does not answer is passed over.
        drop(fs::remove_file(&self.0));
    }
}

/// A path that means the same from everywhere; standard input stays what it is.
fn absolute(path: &Path) -> String {
    let whole = fs::canonicalize(path).unwrap_or_else(|_missing| path.to_owned());
    whole.display().to_string()
}

/// A mesh that runs.
struct Running {
    started: SystemTime,
    pid: String,
    admin: SocketAddr,
    /// What it was started with.
    paths: String,
}

/// The mesh that `args` mean: the one named, else the only one that runs.
pub(crate) fn admin(args: &ServerArgs) -> Result<Admin> {
    if let Some(url) = &args.server {
        return Admin::from_url(url);
    }
    match running(&folder()).as_slice() {
        [] => bail!(
            "no mesh is running here\n  start one: sealane up DIR            \
             another: --server http://HOST:PORT"
        ),
        [only] => Ok(Admin::new(only.admin)),
        several => Err(which(several).into()),
    }
}

/// The meshes, and how to choose one.
fn which(several: &[Running]) -> Failure {
    let rows: Vec<Vec<String>> = several
        .iter()
        .map(|mesh| {
            let since = mesh.started.elapsed().map_or(0, |since| since.as_secs());
            vec![
                format!("  http://{}", mesh.admin),
                mesh.pid.clone(),
                age(since),
                mesh.paths.clone(),
            ]
        })
        .collect();
    let shown = table(&["  SERVER", "PID", "AGE", "STARTED WITH"], &rows);
    let first = several
        .first()
        .map_or_else(String::new, |mesh| mesh.admin.to_string());
    Failure {
        code: USAGE,
        text: format!(
            "error: {} meshes are running here\n{shown}  \
             choose one: --server http://{first}      or export SEALANE_SERVER=http://{first}",
            several.len()
        ),
    }
}

/// The meshes that answer, the newest first.
fn running(folder: &Path) -> Vec<Running> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<Running> = entries.filter_map(|entry| read(&entry)).collect();
    found.sort_by(|a, b| (b.started, &b.pid).cmp(&(a.started, &a.pid)));
    found
}

/// What a file says, when the mesh that it is about answers.
fn read(entry: &fs::DirEntry) -> Option<Running> {
    let text = fs::read_to_string(entry.path()).ok()?;
    let mut lines = text.lines();
    let admin = lines.next()?.trim().strip_prefix("http://")?.parse().ok()?;
    TcpStream::connect_timeout(&admin, KNOCK).ok()?;
    let pid = entry.path().file_stem()?.to_str()?.to_owned();
    Some(Running {
        started: entry.metadata().ok()?.modified().ok()?,
        pid,
        admin,
        paths: lines.next().unwrap_or_default().to_owned(),
    })
}

/// Where the files are: with other run-time files of this user, else in the temporary folder.
fn folder() -> PathBuf {
    let base = std::env::var_os("SEALANE_RUNTIME_DIR")
        .or_else(|| std::env::var_os("XDG_RUNTIME_DIR"))
        .map_or_else(std::env::temp_dir, PathBuf::from);
    base.join(format!("sealane-{}", user()))
}

/// A name for the user whose meshes these are, so that two users do not find each other's.
fn user() -> String {
    std::env::var("USER").unwrap_or_else(|_unset| "default".to_owned())
}
