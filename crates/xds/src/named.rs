//! Resources of one kind by their names.

use std::iter::FusedIterator;
use std::ops::Index;
use std::slice;
use std::sync::Arc;

use crate::resource::XdsResource;

/// Messages of one kind, sorted by the names that they carry, each name once.
///
/// Nothing is kept but where the messages are: two hundred proxies may each have a thousand of them
/// in common.
#[derive(Debug, Clone)]
pub struct Named<M>(Vec<Arc<M>>);

impl<M> Default for Named<M> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<M: XdsResource> Named<M> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The message called `name`.
    pub fn get(&self, name: &str) -> Option<&Arc<M>> {
        self.0.get(self.place(name).ok()?)
    }

    /// Whether there is a message called `name`.
    pub fn contains_key(&self, name: &str) -> bool {
        self.place(name).is_ok()
    }

    /// Puts a message under its name; one that had this name comes back.
    pub fn insert(&mut self, message: Arc<M>) -> Option<Arc<M>> {
        match self.place(message.resource_name()) {
            Ok(place) => {
                let slot = self.0.get_mut(place)?;
                Some(std::mem::replace(slot, message))
            }
            Err(place) => {
                self.0.insert(place, message);
                None
            }
        }
    }

    /// Takes the message called `name` out.
    pub fn remove(&mut self, name: &str) -> Option<Arc<M>> {
        let place = self.place(name).ok()?;
        Some(self.0.remove(place))
    }

    /// The names, sorted.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        self.0.iter().map(|message| message.resource_name())
    }

    /// The messages, sorted by name.
    pub fn values(&self) -> slice::Iter<'_, Arc<M>> {
        self.0.iter()
    }

    /// The messages with their names, sorted by name.
    pub fn iter(&self) -> Iter<'_, M> {
        Iter(self.0.iter())
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        // Most come in the order of their names.
        match self.0.last() {
            Some(last) if last.resource_name() < name => Err(self.0.len()),
            _ => self
                .0
                .binary_search_by(|message| message.resource_name().cmp(name)),
        }
    }
}

impl<M: XdsResource> Index<&str> for Named<M> {
    type Output = Arc<M>;

    #[expect(clippy::panic, reason = "as of every map")]
    fn index(&self, name: &str) -> &Self::Output {
        match self.get(name) {
            Some(message) => message,
            None => panic!("no resource is called {name}"),
        }
    }
}

/// Messages with their names.
#[derive(Debug)]
pub struct Iter<'a, M>(slice::Iter<'a, Arc<M>>);

impl<'a, M: XdsResource> Iterator for Iter<'a, M> {
    type Item = (&'a str, &'a Arc<M>);

    fn next(&mut self) -> Option<Self::Item> {
        let message = self.0.next()?;
        Some((message.resource_name(), message))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<M: XdsResource> DoubleEndedIterator for Iter<'_, M> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let message = self.0.next_back()?;
        Some((message.resource_name(), message))
    }
}

impl<M: XdsResource> ExactSizeIterator for Iter<'_, M> {}

impl<M: XdsResource> FusedIterator for Iter<'_, M> {}

impl<'a, M: XdsResource> IntoIterator for &'a Named<M> {
    type Item = (&'a str, &'a Arc<M>);
    type IntoIter = Iter<'a, M>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Cluster;

    fn cluster(name: &str) -> Arc<Cluster> {
        Arc::new(Cluster {
            name: name.to_owned(),
            ..Cluster::default()
        })
    }

    #[test]
    fn a_name_has_one_message_and_they_are_sorted() {
        let mut named = Named::default();
        for name in ["b", "d", "a", "c"] {
            assert!(named.insert(cluster(name)).is_none());
        }
        let newer = cluster("b");
        assert!(named.insert(Arc::clone(&newer)).is_some());
        assert!(Arc::ptr_eq(&named["b"], &newer));
        assert!(named.keys().eq(["a", "b", "c", "d"]));
        assert!(named.remove("a").is_some());
        assert!(named.remove("a").is_none());
        assert!(!named.contains_key("a"));
        assert_eq!(named.iter().next_back().map(|(name, _)| name), Some("d"));
        assert_eq!(named.len(), 3);
    }
}
