//! The command line.

use clap::{Parser, Subcommand};
use s3newip::error::Error;
use s3newip::scan::ScanArguments;
use s3newip::splunk::session;
use s3newip::text::escape;

/// Which IP address has just accessed which S3 bucket for the first time?
///
/// Started by splunkd, without a subcommand, this is the search command "| s3newip".
#[derive(Debug, Parser)]
#[command(name = "s3newip", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

/// One of the program's subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Scan(Box<ScanArguments>),
}

/// Reads the command line. Returns the subcommand; `None` where the program is the search command. Ends the process
/// where help or the version is asked for.
///
/// # Errors
/// The command line is wrong: the message is escaped, since a shell puts file names there, which others choose. Or
/// splunkd starts the program by its older protocol, with `__GETINFO__` or `__EXECUTE__` as the first argument.
pub(crate) fn read() -> Result<Option<Command>, Error> {
    let first = std::env::args_os().nth(1);
    if first.is_some_and(|first| first.as_encoded_bytes().starts_with(b"__")) {
        return Err(session::not_chunked());
    }
    match Arguments::try_parse() {
        Ok(arguments) => Ok(arguments.command),
        Err(wrong) if wrong.use_stderr() => Err(mistake(&wrong.to_string())),
        Err(help) => help.exit(),
    }
}

fn mistake(text: &str) -> Error {
    let text = text.trim().trim_start_matches("error: ");
    let lines = text.lines().map(|line| escape::escaped(line.as_bytes()));
    Error::user(lines.collect::<Vec<_>>().join("\n"))
}
