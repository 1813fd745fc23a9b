//! What the crates warn of, on its way to the terminal.
//!
//! Whoever warns may be a thread that carries traffic, and is never kept waiting: what finds no
//! room is counted.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// Warnings that wait to be told.
const WAITING: usize = 64;
/// Warnings of one place in the code that are told until [`Warnings::others`] is asked.
const OF_A_PLACE: u64 = 5;

/// A warning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Warning {
    message: String,
    /// Why, where there is an error behind it.
    error: Option<String>,
    fields: Vec<(&'static str, String)>,
}

/// Takes warnings.
#[derive(Clone)]
pub(crate) struct Warnings {
    queue: mpsc::Sender<Warning>,
    counts: Arc<Counts>,
}

/// How often each place in the code has warned.
#[derive(Default)]
struct Counts(
    /// Held to count.
    Mutex<BTreeMap<Place, u64>>,
);

/// A place in the code, by file and line.
type Place = (Option<&'static str>, Option<u32>);

/// Who takes warnings, and where they come out.
pub(crate) fn warnings() -> (Warnings, mpsc::Receiver<Warning>) {
    let (queue, told) = mpsc::channel(WAITING);
    let counts = Arc::default();
    (Warnings { queue, counts }, told)
}

impl Warnings {
    /// How many were not told since this was asked last; each place may warn again.
    pub(crate) fn others(&self) -> u64 {
        let counts = std::mem::take(&mut *self.counts.lock());
        let others = counts
            .values()
            .map(|count| count.saturating_sub(OF_A_PLACE));
        others.sum()
    }
}

impl Counts {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Place, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subscriber> Layer<S> for Warnings {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let place = (event.metadata().file(), event.metadata().line());
        let mut counts = self.counts.lock();
        let count = counts.entry(place).or_default();
        *count += 1;
        if *count > OF_A_PLACE {
            return;
        }
        let mut warning = Warning::default();
        event.record(&mut warning);
        if self.queue.try_send(warning).is_err() {
            *count += OF_A_PLACE;
        }
    }
}

impl Visit for Warning {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.take(field.name(), format!("{value:?}"));
    }
}

impl Warning {
    fn take(&mut self, name: &'static str, text: String) {
        match name {
            "message" => self.message = text,
            "error" => self.error = Some(text),
            name => self.fields.push((name, text)),
        }
    }

    /// For programs.
    pub(crate) fn event(&self) -> Value {
        let fields = self.fields.iter();
        let mut fields: Map<_, _> = fields
            .map(|(name, text)| ((*name).to_owned(), Value::from(text.as_str())))
            .collect();
        if let Some(error) = &self.error {
            fields.insert("error".to_owned(), error.as_str().into());
        }
        json!({ "event": "warning", "message": self.message, "fields": fields })
    }
}

/// For people: one line.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = format!("! {}", self.message);
        if let Some(error) = &self.error {
            write!(text, ": {error}")?;
        }
        for (name, value) in &self.fields {
            write!(text, " · {name} {value}")?;
        }
        // What others have written may stand in it.
        for character in text.chars() {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                f.write_char(character)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// What is told of what `work` warns.
    fn told(work: impl FnOnce()) -> (Vec<Warning>, u64) {
        let (warnings, mut told) = warnings();
        let listener = tracing_subscriber::registry().with(warnings.clone());
        tracing::subscriber::with_default(listener, work);
        let all = std::iter::from_fn(|| told.try_recv().ok()).collect();
        (all, warnings.others())
    }

    #[test]
    fn a_warning_is_one_line_with_its_cause_and_its_fields() {
        let (all, others) = told(|| {
            let error = std::io::Error::other("no\nroom");
            tracing::warn!(%error, port = 80, name = "a", "a thing failed");
            tracing::error!("it ended");
        });
        let lines: Vec<_> = all.iter().map(Warning::to_string).collect();
        let first = "! a thing failed: no\\nroom · port 80 · name a";
        assert_eq!(lines, [first, "! it ended"]);
        assert_eq!(others, 0);
        let event = all[0].event();
        assert_eq!(event["event"], "warning");
        assert_eq!(event["message"], "a thing failed");
        assert_eq!(event["fields"]["error"], "no\nroom");
        assert_eq!(event["fields"]["port"], "80");
    }

    #[test]
    fn who_warns_too_often_is_counted() {
        let (all, others) = told(|| {
            for number in 0..100 {
                tracing::warn!(number, "again");
            }
            tracing::warn!("once");
        });
        assert_eq!(all.len(), 6);
        assert_eq!(all.last().unwrap().to_string(), "! once");
        assert_eq!(others, 95);
    }

    #[test]
    fn what_finds_no_room_is_counted_too() {
        let (warnings, _kept) = warnings();
        let listener = tracing_subscriber::registry().with(warnings.clone());
        tracing::subscriber::with_default(listener, || {
            for _ in 0..WAITING {
                warnings.queue.try_send(Warning::default()).unwrap();
            }
            tracing::warn!("full");
        });
        assert_eq!(warnings.others(), 1);
    }
}
