//! How a command finds the mesh that runs: `sealane up` leaves a file that says where its admin
//! API is.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process;
use std::time::{Duration, SystemTime};

use anyhow::{Result, bail};
use sealane_control::api::token::Token;

use crate::args::ServerArgs;
use crate::client::Admin;
use crate::failure::{Failure, USAGE};
use crate::output::{age, table};

/// How long a mesh may take to answer the knock of a command that looks for it.
const KNOCK: Duration = Duration::from_millis(300);
/// Who may change everybody's files.
const ROOT: u32 = 0;

/// The file that tells where a mesh is, removed when this is dropped.
#[derive(Debug)]
pub(crate) struct RuntimeFile(PathBuf);

impl RuntimeFile {
    /// Says, to nobody but this user, that this process's mesh answers at `admin` to who shows
    /// `token`, and what it was started with.
    pub(crate) fn write(
        admin: SocketAddr,
        paths: &[PathBuf],
        token: Option<&Token>,
    ) -> io::Result<Self> {
        let folder = folder();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)?;
        let path = folder.join(format!("{}.admin", process::id()));
        // One that an earlier process of this number left may be open to others.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let new = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        let paths: Vec<String> = paths.iter().map(|path| absolute(path)).collect();
        let (admin, paths) = (reached(admin), paths.join(" "));
        let token = token.map_or("", Token::reveal);
        new?.write_all(format!("http://{admin}\n{paths}\n{token}\n").as_bytes())?;
        Ok(Self(path))
    }
}

/// Where what listens at `bound` is reached from this machine.
fn reached(bound: SocketAddr) -> SocketAddr {
    let ip = match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, bound.port())
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
    /// What it wants to see.
    token: Option<Token>,
}

/// The mesh that `args` mean: the one named, else the only one that runs.
pub(crate) fn admin(args: &ServerArgs) -> Result<Admin> {
    if let Some(url) = &args.server {
        let admin = Admin::from_url(url)?;
        let known = known(&folder());
        let ours = known.into_iter().find(|mesh| mesh.admin == admin.address());
        let token = ours.and_then(|mesh| mesh.token);
        return Ok(admin.showing(token.map_or_else(from_environment, |token| Ok(Some(token)))?));
    }
    match running(&folder()).as_slice() {
        [] => bail!(
            "no mesh is running here\n  start one: sealane up DIR            \
             another: --server http://HOST:PORT"
        ),
        [only] => Ok(Admin::new(only.admin).showing(only.token.clone())),
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

/// The token for a mesh that is not of this machine.
fn from_environment() -> Result<Option<Token>> {
    let Some(text) = std::env::var("SEALANE_TOKEN")
        .ok()
        .filter(|text| !text.is_empty())
    else {
        return Ok(None);
    };
    let wanted = || Failure {
        code: USAGE,
        text: "error: SEALANE_TOKEN is no token\n  want what `sealane up` printed at its start"
            .to_owned(),
    };
    Ok(Some(Token::parse(&text).ok_or_else(wanted)?))
}

/// The meshes that answer, the newest first.
fn running(folder: &Path) -> Vec<Running> {
    let mut found = known(folder);
    found.retain(|mesh| TcpStream::connect_timeout(&mesh.admin, KNOCK).is_ok());
    found.sort_by(|a, b| (b.started, &b.pid).cmp(&(a.started, &a.pid)));
    found
}

/// The meshes that left a file; they may have ended without taking it away.
fn known(folder: &Path) -> Vec<Running> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| read(&entry)).collect()
}

/// What a file says.
fn read(entry: &fs::DirEntry) -> Option<Running> {
    let about = entry.metadata().ok()?;
    // In a temporary folder, others may have left one that leads to them.
    let ours = rustix::process::getuid().as_raw();
    if about.uid() != ours && about.uid() != ROOT {
        return None;
    }
    let text = fs::read_to_string(entry.path()).ok()?;
    let mut lines = text.lines();
    let admin = lines.next()?.trim().strip_prefix("http://")?.parse().ok()?;
    let pid = entry.path().file_stem()?.to_str()?.to_owned();
    Some(Running {
        started: about.modified().ok()?,
        pid,
        admin,
        paths: lines.next().unwrap_or_default().to_owned(),
        token: lines.next().and_then(Token::parse),
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
