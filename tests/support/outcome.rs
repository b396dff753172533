//! What a search answered, and the expectations of a test about it.

use super::frames::Reply;
use super::transcript::Transcript;
use csv::{ByteRecord, ReaderBuilder};

/// What came out of one search.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The reply to getinfo.
    pub(crate) getinfo: Reply,
    /// The replies to the execute requests, in order.
    pub(crate) replies: Vec<Reply>,
    /// The most memory that the process was seen to hold, in KiB; it may end with its last reply.
    pub(crate) peak_memory_kib: u64,
    /// The whole conversation.
    pub(crate) transcript: Transcript,
}

impl Outcome {
    /// The columns of the result, in order; none where there is no result.
    pub(crate) fn columns(&self) -> Vec<String> {
        let table = self.table();
        table
            .first()
            .map_or_else(Vec::new, |header| header.iter().map(text).collect())
    }

    /// How many rows the result has.
    pub(crate) fn row_count(&self) -> usize {
        self.table().len().saturating_sub(1)
    }

    /// The rows of the result, cells as bytes.
    pub(crate) fn records(&self) -> Vec<ByteRecord> {
        self.table().into_iter().skip(1).collect()
    }

    /// The cells of one column, as bytes.
    pub(crate) fn column_bytes(&self, column: &str) -> Vec<Vec<u8>> {
        let place = self.columns().iter().position(|name| name == column);
        let place = place.unwrap_or_else(|| {
            self.fail(&format!(
                "expected a column {column}, found {:?}",
                self.columns()
            ))
        });
        self.table()
            .iter()
            .skip(1)
            .map(|row| row[place].to_vec())
            .collect()
    }

    /// The cells of one column, as text.
    pub(crate) fn column(&self, column: &str) -> Vec<String> {
        self.column_bytes(column)
            .iter()
            .map(|cell| text(cell))
            .collect()
    }

    /// Expects these columns of the result to hold these cells, rows in order:
    /// a CSV text whose header chooses the columns.
    pub(crate) fn expect_rows(&self, expected: &str) -> &Self {
        let mut expected = read_table(expected.as_bytes())
            .expect("the expectation is CSV")
            .into_iter();
        let header: Vec<String> = expected
            .next()
            .expect("a header")
            .iter()
            .map(text)
            .collect();
        let expected: Vec<Vec<String>> =
            expected.map(|row| row.iter().map(text).collect()).collect();
        let found = self.select(&header);
        if found != expected {
            self.fail(&format!(
                "columns {header:?}\nexpected {expected:#?}\nfound {found:#?}"
            ));
        }
        self
    }

    /// Expects a result without a row.
    pub(crate) fn expect_no_rows(&self) -> &Self {
        self.expect_success();
        if self.row_count() > 0 {
            self.fail("expected no row");
        }
        self
    }

    /// Expects the search to have ended well.
    pub(crate) fn expect_success(&self) -> &Self {
        if let Some(error) = self.error() {
            self.fail(&format!("expected success, found the error {error:?}"));
        }
        self
    }

    /// The text of the fatal error.
    pub(crate) fn error(&self) -> Option<&str> {
        self.last().error()
    }

    /// Expects a fatal error whose text has all these parts.
    pub(crate) fn expect_error(&self, parts: &[&str]) -> &Self {
        let Some(error) = self.error() else {
            self.fail("expected an error")
        };
        if let Some(missing) = parts.iter().find(|part| !error.contains(**part)) {
            self.fail(&format!("expected {missing:?} in the error {error:?}"));
        }
        self
    }

    /// The messages for the user: level and text.
    pub(crate) fn messages(&self) -> Vec<(String, String)> {
        self.last().messages()
    }

    /// The texts of the messages of one level.
    pub(crate) fn messages_of(&self, level: &str) -> Vec<String> {
        let of_level = self
            .messages()
            .into_iter()
            .filter(|(found, _)| found == level);
        of_level.map(|(_, text)| text).collect()
    }

    /// Expects one message of this level whose text has all these parts.
    pub(crate) fn expect_message(&self, level: &str, parts: &[&str]) -> &Self {
        let messages = self.messages_of(level);
        if !messages
            .iter()
            .any(|message| parts.iter().all(|part| message.contains(part)))
        {
            self.fail(&format!(
                "expected a message {level} with {parts:?}, found {:?}",
                self.messages()
            ));
        }
        self
    }

    /// Expects no message of this level.
    pub(crate) fn expect_no_message(&self, level: &str) -> &Self {
        if !self.messages_of(level).is_empty() {
            self.fail(&format!(
                "expected no message {level}, found {:?}",
                self.messages()
            ));
        }
        self
    }

    /// Fails the test, showing the conversation.
    pub(crate) fn fail(&self, problem: &str) -> ! {
        panic!("{problem}\n{}", self.transcript)
    }

    /// The last reply: the one with the result, or with the error.
    pub(crate) fn last(&self) -> &Reply {
        self.replies.last().unwrap_or(&self.getinfo)
    }

    /// The rows with only these columns, cells as text.
    fn select(&self, columns: &[String]) -> Vec<Vec<String>> {
        if self.row_count() == 0 {
            self.expect_success();
            return Vec::new();
        }
        let cells: Vec<Vec<String>> = columns.iter().map(|column| self.column(column)).collect();
        (0..self.row_count())
            .map(|row| cells.iter().map(|column| column[row].clone()).collect())
            .collect()
    }

    /// The result with its header; checks that the columns are distinct and that each twin has its column.
    fn table(&self) -> Vec<ByteRecord> {
        let table = read_table(&self.last().body).unwrap_or_else(|problem| self.fail(&problem));
        let columns: Vec<&[u8]> = table
            .first()
            .map_or_else(Vec::new, |header| header.iter().collect());
        for (index, column) in columns.iter().enumerate() {
            let twinless = column
                .strip_prefix(b"__mv_")
                .is_some_and(|plain| !columns.contains(&plain));
            if columns[..index].contains(column) || twinless {
                self.fail(&format!(
                    "column {} is there twice, or is a twin without its column",
                    column.escape_ascii()
                ));
            }
        }
        table
    }
}

fn read_table(body: &[u8]) -> Result<Vec<ByteRecord>, String> {
    let reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(false)
        .from_reader(body);
    let records: Result<Vec<ByteRecord>, csv::Error> = reader.into_byte_records().collect();
    records.map_err(|error| format!("the body is not a CSV table: {error}"))
}

fn text(cell: &[u8]) -> String {
    String::from_utf8_lossy(cell).into_owned()
}
