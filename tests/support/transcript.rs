//! What was said in a conversation, to be shown when a test fails.

use std::fmt;

/// The longest part of a chunk that is shown.
const SHOWN: usize = 400;

/// The story of one process, line by line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transcript(Vec<String>);

impl Transcript {
    /// Adds a line about the process itself.
    pub(crate) fn note(&mut self, line: impl Into<String>) {
        self.0.push(format!("   {}", line.into()));
    }

    /// Adds bytes that were sent to the command.
    pub(crate) fn sent(&mut self, bytes: &[u8]) {
        self.0.push(format!("-> {}", shown(bytes)));
    }

    /// Adds a reply of the command.
    pub(crate) fn received(&mut self, metadata: &str, body: &[u8]) {
        self.0.push(format!(
            "<- {} | {}",
            shown(metadata.as_bytes()),
            shown(body)
        ));
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "--- the conversation ---")?;
        self.0
            .iter()
            .try_for_each(|line| writeln!(formatter, "{line}"))
    }
}

fn shown(bytes: &[u8]) -> String {
    let (head, rest) = bytes.split_at(bytes.len().min(SHOWN));
    let more = if rest.is_empty() {
        String::new()
    } else {
        format!("... ({} bytes)", bytes.len())
    };
    format!("{}{more}", head.escape_ascii())
}
