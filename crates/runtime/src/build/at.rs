//! Where in a resource the reader stands, and what it found wrong there.

use std::cell::RefCell;
use std::fmt;

use crate::build::error::BuildError;

/// Everything found wrong, over all resources.
#[derive(Debug, Default)]
pub(super) struct Problems(RefCell<Vec<BuildError>>);

impl Problems {
    /// The root of a resource.
    pub(super) fn resource<'a>(&'a self, name: &'a str) -> At<'a> {
        At {
            problems: self,
            resource: name,
            parent: None,
            step: Step::Root,
        }
    }

    /// `value` if nothing is wrong.
    pub(super) fn into_result<T>(self, value: T) -> Result<T, Vec<BuildError>> {
        let found = self.0.into_inner();
        if found.is_empty() {
            Ok(value)
        } else {
            Err(found)
        }
    }
}

/// A place in a resource.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'a> {
    problems: &'a Problems,
    resource: &'a str,
    parent: Option<&'a Self>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root,
    Field(&'a str),
    Index(usize),
    Key(&'a str),
}

impl<'a> At<'a> {
    fn step(&'a self, step: Step<'a>) -> Self {
        At {
            parent: Some(self),
            step,
            ..*self
        }
    }

    /// A field of the message here.
    pub(super) fn field(&'a self, name: &'a str) -> Self {
        self.step(Step::Field(name.trim_start_matches("r#")))
    }

    /// An element of the list here.
    pub(super) fn index(&'a self, index: usize) -> Self {
        self.step(Step::Index(index))
    }

    /// An entry of the map here.
    pub(super) fn key(&'a self, key: &'a str) -> Self {
        self.step(Step::Key(key))
    }

    /// The name of the resource.
    pub(super) fn resource_name(&self) -> &'a str {
        self.resource
    }

    /// Notes what is wrong here; gives `None`, so that a reader can end with it.
    pub(super) fn refuse<T>(&self, problem: impl fmt::Display) -> Option<T> {
        self.problems.0.borrow_mut().push(BuildError {
            resource: self.resource.to_owned(),
            path: self.to_string(),
            problem: problem.to_string(),
        });
        None
    }

    /// Refuses the field called `name` if it is set.
    pub(super) fn refuse_set<T: Default + PartialEq>(&self, name: &str, value: &T) {
        if *value != T::default() {
            self.field(name).not_understood();
        }
    }

    /// Refuses what stands here, because nothing in this proxy would act on it.
    pub(super) fn not_understood(&self) {
        self.refuse::<()>("not understood by this proxy");
    }
}

/// The path of the place: `virtual_hosts[2].routes[0].match`.
impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Field(name) => {
                let first = self.parent.is_none_or(|at| matches!(at.step, Step::Root));
                f.write_str(if first { "" } else { "." })?;
                f.write_str(name)
            }
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(key) => write!(f, "[{key:?}]"),
        }
    }
}

/// What a reader found where nothing is a fine answer too; the reader's own `None` means that it
/// was refused.
#[derive(Debug)]
pub(super) struct Maybe<T>(pub(super) Option<T>);

/// Takes a message apart: binds the fields that are `read`, passes over those `ignored`, and
/// refuses those `refused` that are set. Every field of the message stands in one of the lists.
macro_rules! fields {
    ($at:expr, $message:expr, $kind:path {
        read: [$($read:ident),* $(,)?],
        ignored: [$($ignored:ident),* $(,)?],
        refused: [$($refused:ident),* $(,)?] $(,)?
    }) => {
        let $kind { $($read,)* $($ignored: _,)* $($refused,)* } = $message;
        $( $at.refuse_set(stringify!($refused), $refused); )*
    };
}

pub(super) use fields;
