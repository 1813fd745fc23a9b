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

/// How long a mesh may take to answer the knock of a command that looks for it.
const KNOCK: Duration = Duration::from_millis(300);

/// The file that tells where a mesh is, removed when this is dropped.
#[derive(Debug)]
pub(crate) struct RuntimeFile(PathBuf);

impl RuntimeFile {
    /// Says that this process's mesh answers at `admin`.
    pub(crate) fn write(admin: SocketAddr) -> io::Result<Self> {
        let folder = folder();
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{}.admin", process::id()));
        fs::write(&path, format!("http://{admin}\n"))?;
        Ok(Self(path))
    }
}

impl Drop for RuntimeFile {
    fn drop(&mut self) {
        // Nobody is hurt by a file that stays: a mesh that does not answer is passed over.
        drop(fs::remove_file(&self.0));
    }
}

/// The mesh that `args` mean: the one named, else the one that was started last and answers.
pub(crate) fn admin(args: &ServerArgs) -> Result<Admin> {
    if let Some(url) = &args.server {
        return Admin::from_url(url);
    }
    let mut found = running(&folder());
    match found.len() {
        0 => bail!(
            "no mesh is running here\n  start one: sealane up DIR            \
             another: --server http://HOST:PORT"
        ),
        _ => Ok(Admin::new(found.remove(0).1)),
    }
}

/// The meshes that answer, the newest first.
fn running(folder: &Path) -> Vec<(SystemTime, SocketAddr)> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let started = entry.metadata().ok()?.modified().ok()?;
            let text = fs::read_to_string(entry.path()).ok()?;
            let address = text.trim().strip_prefix("http://")?.parse().ok()?;
            TcpStream::connect_timeout(&address, KNOCK).ok()?;
            Some((started, address))
        })
        .collect();
    found.sort();
    found.reverse();
    found
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
