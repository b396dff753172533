//! The command line: which of the program's two faces is asked for, and how its end becomes an exit code.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Parser, Subcommand};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use s3newip::error::{Error, Exit, Fault};
use s3newip::scan::{self, ScanArguments};
use s3newip::session;
use signal_hook::consts::SIGXFSZ;

/// Which IP address has just accessed which S3 bucket for the first time?
///
/// Started by splunkd, without a subcommand, this is the search command "| s3newip".
#[derive(Debug, Parser)]
#[command(name = "s3newip", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Scan(Box<ScanArguments>),
}

fn main() -> ExitCode {
    match run() {
        Ok(exit) => exit.into(),
        Err(error) => {
            #[expect(
                clippy::print_stderr,
                reason = "the one place where the program speaks to a shell"
            )]
            {
                eprintln!("s3newip: {error}");
            }
            match error.fault() {
                Fault::User => Exit::Usage,
                Fault::Environment | Fault::Peer => Exit::Failed,
            }
            .into()
        }
    }
}

fn run() -> Result<Exit, Error> {
    let arguments = Arguments::parse();
    outlive_file_size_limits()?;
    match arguments.command {
        None => search_command(),
        Some(Command::Scan(arguments)) => {
            let world = scan::World {
                clock: clock(),
                seed: seed()?,
            };
            scan::run(&arguments, &world, &mut BufWriter::new(io::stdout().lock()))
        }
    }
}

/// The chunked protocol on standard input and output.
fn search_command() -> Result<Exit, Error> {
    if io::stdin().is_terminal() {
        return Err(Error::user(
            "this is a Splunk search command: splunkd starts it for \"| s3newip\"; to look at S3 access logs here, use \
             s3newip scan (see s3newip --help)",
        ));
    }
    // splunkd hands over a session key: no core file may hold it. Where the system has no such switch, it has no say.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let executable = std::env::current_exe().map_err(Error::environment)?;
    let world = session::World {
        executable: &executable,
        clock: clock(),
        seed: seed()?,
        hung_up: &reader_is_gone,
    };
    // The plain descriptors: the standard library's own buffers would be a second copy.
    let input = io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .map_err(Error::environment)?;
    let output = io::stdout()
        .as_fd()
        .try_clone_to_owned()
        .map_err(Error::environment)?;
    session::run(File::from(input), File::from(output), &world)
}

/// Makes a write beyond the process's file size limit fail, as on a full disk: unhandled, its signal kills the process.
fn outlive_file_size_limits() -> Result<(), Error> {
    let handled = signal_hook::flag::register(SIGXFSZ, Arc::default());
    handled.map(|_| ()).map_err(Error::environment)
}

/// The machine's clock, in epoch seconds.
fn clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs().cast_signed())
}

/// 16 bytes that nobody outside can guess.
fn seed() -> Result<[u8; 16], Error> {
    let mut seed = [0; 16];
    getrandom::fill(&mut seed).map_err(Error::environment)?;
    Ok(seed)
}

/// Whether the other end of standard output has been closed.
fn reader_is_gone() -> bool {
    let stdout = io::stdout();
    let mut descriptors = [PollFd::new(&stdout, PollFlags::empty())];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let found = poll(&mut descriptors, Some(&at_once));
    let [descriptor] = descriptors;
    found.is_ok() && descriptor.revents().intersects(PollFlags::ERR)
}
