//! `gen`: the descriptors of the Envoy messages in use, taken from the `envoy-types` package.
//!
//! The package carries a descriptor set of everything it was generated from, with comments. This
//! keeps the files that the roots below need, without comments, and leaves the bytes of each file
//! as they are otherwise, so that the validation rules in the options survive.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

/// Where the result goes, from the workspace's root.
const TARGET: &str = "crates/xds/src/descriptors.bin";

/// The field number of a file in `FileDescriptorSet`.
const FILE: u64 = 1;
/// The field number of the comments and positions in `FileDescriptorProto`.
const SOURCE_CODE_INFO: u64 = 9;
/// The wire type of a field with a length.
const LENGTH_DELIMITED: u64 = 2;

/// The files that are wanted; what they import comes along.
const ROOTS: &[&str] = &[
    "envoy/admin/v3/certs.proto",
    "envoy/admin/v3/clusters.proto",
    "envoy/admin/v3/config_dump.proto",
    "envoy/admin/v3/config_dump_shared.proto",
    "envoy/admin/v3/listeners.proto",
    "envoy/admin/v3/server_info.proto",
    "envoy/config/bootstrap/v3/bootstrap.proto",
    "envoy/config/cluster/v3/cluster.proto",
    "envoy/config/endpoint/v3/endpoint.proto",
    "envoy/config/listener/v3/listener.proto",
    "envoy/config/route/v3/route.proto",
    "envoy/extensions/access_loggers/file/v3/file.proto",
    "envoy/extensions/access_loggers/stream/v3/stream.proto",
    "envoy/extensions/bootstrap/internal_listener/v3/internal_listener.proto",
    "envoy/extensions/clusters/dns/v3/dns_cluster.proto",
    "envoy/extensions/clusters/dynamic_forward_proxy/v3/cluster.proto",
    "envoy/extensions/filters/http/cors/v3/cors.proto",
    "envoy/extensions/filters/http/dynamic_forward_proxy/v3/dynamic_forward_proxy.proto",
    "envoy/extensions/filters/http/fault/v3/fault.proto",
    "envoy/extensions/filters/http/grpc_stats/v3/config.proto",
    "envoy/extensions/filters/http/grpc_web/v3/grpc_web.proto",
    "envoy/extensions/filters/http/rbac/v3/rbac.proto",
    "envoy/extensions/filters/http/router/v3/router.proto",
    "envoy/extensions/filters/listener/http_inspector/v3/http_inspector.proto",
    "envoy/extensions/filters/listener/original_dst/v3/original_dst.proto",
    "envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol.proto",
    "envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector.proto",
    "envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto",
    "envoy/extensions/filters/network/sni_dynamic_forward_proxy/v3/sni_dynamic_forward_proxy.proto",
    "envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.proto",
    "envoy/extensions/load_balancing_policies/cluster_provided/v3/cluster_provided.proto",
    "envoy/extensions/load_balancing_policies/least_request/v3/least_request.proto",
    "envoy/extensions/load_balancing_policies/maglev/v3/maglev.proto",
    "envoy/extensions/load_balancing_policies/random/v3/random.proto",
    "envoy/extensions/load_balancing_policies/ring_hash/v3/ring_hash.proto",
    "envoy/extensions/load_balancing_policies/round_robin/v3/round_robin.proto",
    "envoy/extensions/load_balancing_policies/wrr_locality/v3/wrr_locality.proto",
    "envoy/extensions/network/dns_resolver/cares/v3/cares_dns_resolver.proto",
    "envoy/extensions/request_id/uuid/v3/uuid.proto",
    "envoy/extensions/retry/host/omit_canary_hosts/v3/omit_canary_hosts.proto",
    "envoy/extensions/retry/host/previous_hosts/v3/previous_hosts.proto",
    "envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config.proto",
    "envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol.proto",
    "envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer.proto",
    "envoy/extensions/transport_sockets/tls/v3/secret.proto",
    "envoy/extensions/transport_sockets/tls/v3/tls.proto",
    "envoy/extensions/upstreams/http/v3/http_protocol_options.proto",
    "envoy/extensions/upstreams/tcp/generic/v3/generic_connection_pool.proto",
    "envoy/service/discovery/v3/discovery.proto",
    "envoy/service/status/v3/csds.proto",
    "google/protobuf/empty.proto",
    "google/protobuf/struct.proto",
    "google/protobuf/wrappers.proto",
    "google/rpc/status.proto",
];

/// Packages whose `TypedStruct` control planes send and the package does not describe.
const TYPED_STRUCT_PACKAGES: &[&str] = &["udpa.type.v1", "xds.type.v3"];

/// Writes the descriptors to `crates/xds/src/descriptors.bin`.
pub(crate) fn r#gen() -> anyhow::Result<()> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("xtask has a parent")?;
    let source = descriptor_set(workspace)?;
    let bytes = std::fs::read(&source).with_context(|| format!("read {}", source.display()))?;
    let pruned = prune(&bytes).with_context(|| format!("in {}", source.display()))?;
    prost_reflect::DescriptorPool::decode(pruned.as_slice()).context("the result is no set")?;
    let target = workspace.join(TARGET);
    std::fs::write(&target, &pruned).with_context(|| format!("write {}", target.display()))
}

/// Where cargo keeps the descriptor set of `envoy-types`.
fn descriptor_set(workspace: &Path) -> anyhow::Result<PathBuf> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(workspace)
        .output()
        .context("run cargo metadata")?;
    if !output.status.success() {
        bail!(
            "cargo metadata: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"]
        .as_array()
        .context("metadata lists packages")?;
    let manifest = packages
        .iter()
        .find(|package| package["name"] == "envoy-types")
        .and_then(|package| package["manifest_path"].as_str())
        .context("envoy-types is no dependency")?;
    let folder = Path::new(manifest)
        .parent()
        .context("a manifest is in a folder")?;
    Ok(folder.join("src/generated/types.bin"))
}

/// One file of a descriptor set.
struct File {
    bytes: Vec<u8>,
    imports: Vec<String>,
}

/// The set that holds the roots and what they import, without comments, in an order in which
/// imports come first.
fn prune(set: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut files = BTreeMap::new();
    for field in Fields(set) {
        let (number, content, _) = field?;
        if number == FILE {
            let head = FileDescriptorProto::decode(content)?;
            let bytes = without_comments(content)?;
            files.insert(
                head.name().to_owned(),
                File {
                    bytes,
                    imports: head.dependency,
                },
            );
        }
    }
    let mut out = Vec::new();
    let mut done = BTreeSet::new();
    for root in ROOTS {
        add(root, &files, &mut done, &mut out)?;
    }
    for package in TYPED_STRUCT_PACKAGES {
        let file = typed_struct(package);
        if !files.contains_key(file.name()) {
            push_file(&file.encode_to_vec(), &mut out);
        }
    }
    Ok(out)
}

fn add(
    name: &str,
    files: &BTreeMap<String, File>,
    done: &mut BTreeSet<String>,
    out: &mut Vec<u8>,
) -> anyhow::Result<()> {
    if !done.insert(name.to_owned()) {
        return Ok(());
    }
    let file = files.get(name).with_context(|| format!("no file {name}"))?;
    for import in &file.imports {
        add(import, files, done, out)?;
    }
    push_file(&file.bytes, out);
    Ok(())
}

fn push_file(bytes: &[u8], out: &mut Vec<u8>) {
    prost::encoding::encode_varint(FILE << 3 | LENGTH_DELIMITED, out);
    prost::encoding::encode_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn without_comments(file: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(file.len());
    for field in Fields(file) {
        let (number, _, whole) = field?;
        if number != SOURCE_CODE_INFO {
            out.extend_from_slice(whole);
        }
    }
    Ok(out)
}

/// The fields of one encoded message: number, content where it has a length, and all its bytes.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = anyhow::Result<(u64, &'a [u8], &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.0.is_empty()).then(|| self.field())
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> anyhow::Result<(u64, &'a [u8], &'a [u8])> {
        let whole = std::mem::take(&mut self.0);
        let mut rest = whole;
        let key = prost::encoding::decode_varint(&mut rest)?;
        let value = prost::encoding::decode_varint(&mut rest)?;
        let mut content: &[u8] = &[];
        match key & 7 {
            0 => {}
            LENGTH_DELIMITED => {
                let length = usize::try_from(value)?;
                (content, rest) = rest
                    .split_at_checked(length)
                    .context("a field is cut off")?;
            }
            other => bail!("unexpected wire type {other} in a descriptor"),
        }
        let (field, rest) = whole.split_at(whole.len() - rest.len());
        self.0 = rest;
        Ok((key >> 3, content, field))
    }
}

/// `TypedStruct { string type_url = 1; google.protobuf.Struct value = 2; }` of a package.
fn typed_struct(package: &str) -> FileDescriptorProto {
    let field = |name: &str, number, kind: Type, type_name: Option<&str>| FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(Label::Optional.into()),
        r#type: Some(kind.into()),
        type_name: type_name.map(str::to_owned),
        ..FieldDescriptorProto::default()
    };
    let message = DescriptorProto {
        name: Some("TypedStruct".to_owned()),
        field: vec![
            field("type_url", 1, Type::String, None),
            field("value", 2, Type::Message, Some(".google.protobuf.Struct")),
        ],
        ..DescriptorProto::default()
    };
    FileDescriptorProto {
        name: Some(format!("{}/typed_struct.proto", package.replace('.', "/"))),
        package: Some(package.to_owned()),
        dependency: vec!["google/protobuf/struct.proto".to_owned()],
        message_type: vec![message],
        syntax: Some("proto3".to_owned()),
        ..FileDescriptorProto::default()
    }
}
