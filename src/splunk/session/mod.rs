//! The conversation with splunkd: one reply for each request, and what a run does between them.
//!
//! ```text
//! splunkd                                this process
//! getinfo                           ->
//!                                   <-   type, required_fields          touches no file: splunkd starts several probe
//! end of input                      ->   exit 0                         processes per search that end here
//! execute (rows, finished: false)   ->
//!                                   <-   nothing yet, finished: false
//! execute (rows, finished: true)    ->   merges, publishes
//!                                   <-   rows, messages, finished: true
//! ```
//!
//! Each request is read whole before it is answered; otherwise both sides would wait for each other. The end of input
//! before the last request, or a reader that is gone, means that the search was cancelled: nothing is published, exit 0.

mod batch;
mod connection;
mod events;
mod header;
mod intake;
mod pairs;
mod search;
mod summary;

use std::io::{self, Read, Write};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::error::{Error, Exit};
use crate::host::Host;
use crate::reltime::Zone;
use crate::rules::Output;
use crate::splunk::message::{CommandType, Inspector, Level, Reply};
use crate::splunk::options::Options;

pub use connection::not_chunked;

use connection::{Abort, Connection};
use header::required_fields;
use search::Search;

/// How long to read on after a fatal error, so that splunkd can take the reply before the pipe breaks.
const DRAIN: Duration = Duration::from_secs(2);

/// Holds the conversation on `input` and `output` to its end, and returns the exit code.
///
/// # Errors
/// No reply can say what failed: the first bytes are not those of the protocol, or the rows of a reply broke off.
pub fn run<R, W>(input: R, output: W, host: &Host) -> Result<Exit, Error>
where
    R: Read + Send + 'static,
    W: Write,
{
    let mut connection = Connection::new(input, output);
    match converse(&mut connection, host) {
        Ok(()) | Err(Abort::Cancelled) => Ok(Exit::Done),
        Err(Abort::Unreportable(error)) => Err(error),
        Err(Abort::Failed(error, mut messages)) => {
            messages.push((Level::Error, error.to_string()));
            let reply = Reply {
                inspector: Some(Inspector { messages }),
                finished: Some(true),
                error: Some(error.to_string()),
                ..Reply::default()
            };
            // If the reply could not be sent, the reader is gone: there is nothing to wait for.
            if connection.reply(&reply).is_ok() {
                drain(connection.into_input());
            }
            Ok(Exit::Failed)
        }
    }
}

fn converse<R: Read + Send, W: Write>(
    connection: &mut Connection<R, W>,
    host: &Host,
) -> Result<(), Abort> {
    let Some(getinfo) = connection.receive_first()? else {
        return Ok(());
    };
    let preview = getinfo.preview();
    let info = getinfo.into_search_info();
    let options = Options::parse(info.args())?;
    // A window that leads out of the calendar is refused before the search starts. Its now() is not known yet, and is
    // close to the clock.
    options.threshold(host.clock, &Zone::utc())?;
    connection.reply(&capabilities(&options))?;
    let Some(mut request) = connection.receive()? else {
        return Ok(());
    };
    let mut search = Search::start(info, options, preview, host)?;
    loop {
        let length = connection.body().length();
        search.read_chunk(connection.body(), length)?;
        if request.finished() {
            return search.finish(connection);
        }
        connection.reply(&Reply {
            finished: Some(false),
            ..Reply::default()
        })?;
        match connection.receive()? {
            Some(next) => request = next,
            None => return Ok(()),
        }
    }
}

/// The answer to getinfo.
fn capabilities(options: &Options) -> Reply {
    let reporting = options.seed || options.output == Output::Pairs;
    let mut fields = options.by.names().to_vec();
    for column in required_fields(reporting) {
        if !fields.iter().any(|field| field == column) {
            fields.push(column.to_owned());
        }
    }
    Reply {
        kind: Some(if reporting {
            CommandType::Reporting
        } else {
            CommandType::Events
        }),
        required_fields: Some(fields),
        ..Reply::default()
    }
}

/// Reads the rest of `input`, at most for [`DRAIN`].
fn drain(mut input: impl Read + Send + 'static) {
    let (done, wait) = mpsc::channel();
    let read_on = move || {
        let copied = io::copy(&mut input, &mut io::sink());
        // The receiver is gone once the time is up; drop the result.
        let _ = done.send(copied.is_ok());
    };
    // Without a thread the sender is dropped, and the wait below ends at once.
    let _ = thread::Builder::new().spawn(read_on);
    let _ = wait.recv_timeout(DRAIN);
}
