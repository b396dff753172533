//! Runs the search command or `s3newip scan`, and turns the end of the run into an exit code.

mod command_line;
mod machine;
mod signals;
mod standard_output;

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::sync::Arc;

use command_line::Command;
use s3newip::error::{Error, Exit, Fault};
use s3newip::scan::{self, Interruption, ScanArguments};
use s3newip::splunk::session;
use standard_output::StandardOutput;

fn main() -> ExitCode {
    match run() {
        Ok(exit) => exit.into(),
        Err(error) => {
            // If standard error is closed, the exit code alone reports the failure.
            let _ = writeln!(io::stderr(), "s3newip: {error}");
            match error.fault() {
                Fault::User => Exit::Usage,
                Fault::Environment => Exit::Failed,
            }
            .into()
        }
    }
}

fn run() -> Result<Exit, Error> {
    let command = command_line::read()?;
    machine::outlive_file_size_limits()?;
    machine::widen_standard_input();
    match command {
        None => search_command(),
        Some(Command::Scan(arguments)) => scan(&arguments),
    }
}

/// `s3newip scan`.
fn scan(arguments: &ScanArguments) -> Result<Exit, Error> {
    let output = StandardOutput::open()?;
    if output.is_closed() && !arguments.seed {
        return Err(Error::environment(
            "standard output is closed, so nothing can be shown, and nothing was read or written; open it, discard the \
             result with > /dev/null, or learn only with --seed",
        ));
    }
    let interruption = Arc::new(Interruption::default());
    signals::watch(&interruption);
    let mut out = BufWriter::new(output);
    scan::run(arguments, &machine::host()?, &interruption, &mut out)
}

/// The chunked protocol on standard input and output.
fn search_command() -> Result<Exit, Error> {
    if io::stdin().is_terminal() {
        return Err(Error::user(
            "this is a Splunk search command: splunkd starts it for \"| s3newip\"; to look at S3 access logs here, use \
             s3newip scan (see s3newip --help)",
        ));
    }
    machine::leave_no_core();
    let host = machine::host()?;
    // The plain descriptors: the standard library's own buffers would be a second copy.
    let input = plain("standard input", &io::stdin())?;
    let output = plain("standard output", &io::stdout())?;
    session::run(input, output, &host)
}

/// The descriptor of `stream` as a file of its own.
fn plain(name: &str, stream: &impl AsFd) -> Result<File, Error> {
    let copied = stream.as_fd().try_clone_to_owned();
    let file =
        copied.map_err(|cause| Error::environment(format!("{name} cannot be used: {cause}")));
    file.map(File::from)
}
