//! A signal that ends a scan, and what it finds of the history.
//!
//! A signal that comes before the history is written, or after it, ends the process at once. One that comes while the
//! history is being written only asks for an end: the scan itself then knows whether it came before the new file was in
//! its place, and says so.

use std::sync::{Mutex, MutexGuard, PoisonError};

use signal_hook::low_level::signal_name;

use crate::error::Exit;

/// What has become of the history.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing was written.
    #[default]
    AsItWas,
    /// The new file is in its place.
    Written,
    /// The new file is in its place, or will be: that is not certain.
    Uncertain,
}

impl Fate {
    /// The end of a sentence that begins with "the history".
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::AsItWas => "is as it was",
            Self::Written => "was written",
            Self::Uncertain => "may have been written",
        }
    }
}

/// How far a scan has come, for the thread that gets the signals.
#[derive(Debug, Default)]
pub struct Interruption(Mutex<Phase>);

#[derive(Debug, Default)]
enum Phase {
    /// The history has not been touched.
    #[default]
    Before,
    /// The history is being written.
    Publishing {
        /// The signal that came meanwhile.
        signal: Option<i32>,
    },
    /// It is settled what the history holds.
    After(Fate),
}

impl Interruption {
    /// Takes a signal. Where the process can end at once, calls `end` with the message and the exit code: it must end the
    /// process, and the history is not touched before it returns. While the history is being written nothing is called:
    /// the scan ends itself, soon.
    pub fn interrupt(&self, signal: i32, end: impl FnOnce(&str, Exit)) {
        let mut phase = self.phase();
        let fate = match &mut *phase {
            Phase::Before => Fate::AsItWas,
            Phase::After(fate) => *fate,
            Phase::Publishing { signal: came } => {
                came.get_or_insert(signal);
                return;
            }
        };
        let (message, exit) = interrupted(signal, fate);
        end(&message, exit);
    }

    /// Publishes by `publish`, after which `fate` tells what has become of the history. Returns also the message and the
    /// exit code of a signal that came meanwhile.
    pub(super) fn publishing<T>(
        &self,
        publish: impl FnOnce() -> T,
        fate: impl FnOnce(&T) -> Fate,
    ) -> (T, Option<(String, Exit)>) {
        *self.phase() = Phase::Publishing { signal: None };
        let published = publish();
        let fate = fate(&published);
        let before = std::mem::replace(&mut *self.phase(), Phase::After(fate));
        let signal = match before {
            Phase::Publishing { signal } => signal,
            Phase::Before | Phase::After(_) => None,
        };
        (published, signal.map(|signal| interrupted(signal, fate)))
    }

    /// Whether a signal has come while the history is being written.
    pub(super) fn is_interrupted(&self) -> bool {
        matches!(*self.phase(), Phase::Publishing { signal: Some(_) })
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        // A thread that panicked while it had the lock has left one phase or the other.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The message and the exit code of a scan that `signal` ends.
fn interrupted(signal: i32, fate: Fate) -> (String, Exit) {
    let name = signal_name(signal).unwrap_or("a signal");
    let message = format!("interrupted by {name}: the history {}", fate.words());
    (message, Exit::Signal(signal))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    use super::*;

    /// The message with which a signal ends the process; `None` where it does not.
    fn end(interruption: &Interruption, signal: i32) -> Option<String> {
        let said = Cell::new(None);
        interruption.interrupt(signal, |message, exit| {
            assert_eq!(exit, Exit::Signal(signal));
            said.set(Some(message.to_owned()));
        });
        said.take()
    }

    #[test]
    fn a_signal_says_what_the_history_is_at_that_moment() {
        for (fate, words) in [
            (Fate::AsItWas, "is as it was"),
            (Fate::Written, "was written"),
            (Fate::Uncertain, "may have been written"),
        ] {
            let interruption = Interruption::default();
            let before = "interrupted by SIGINT: the history is as it was";
            assert_eq!(end(&interruption, SIGINT).as_deref(), Some(before));
            let (_, came) =
                interruption.publishing(|| assert!(!interruption.is_interrupted()), |()| fate);
            assert_eq!(came, None);
            let after = format!("interrupted by SIGTERM: the history {words}");
            assert_eq!(end(&interruption, SIGTERM), Some(after));
        }
    }

    #[test]
    fn a_signal_while_the_history_is_written_waits_for_what_becomes_of_it() {
        let interruption = Interruption::default();
        let publish = || {
            assert_eq!(end(&interruption, SIGHUP), None);
            assert_eq!(end(&interruption, SIGINT), None);
            interruption.is_interrupted()
        };
        let (asked, came) = interruption.publishing(publish, |_| Fate::Written);
        assert!(asked, "it is asked to end");
        let message = "interrupted by SIGHUP: the history was written".to_owned();
        assert_eq!(came, Some((message, Exit::Signal(SIGHUP))));
    }
}
