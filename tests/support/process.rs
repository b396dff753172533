//! One process of the command, with pipes like splunkd's and a limit on its life.
//!
//! Invariants: no wait is without end (a watchdog kills the process at the limit, and the test fails with the
//! conversation), and no process outlives its test.

use super::dice::Dice;
use super::frames::{Reply, read_reply};
use super::search::Search;
use super::splunk_home::runner;
use super::transcript::Transcript;
use std::ffi::OsString;
use std::io::{BufReader, ErrorKind, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The longest life of a process, unless `S3NEWIP_TEST_TIMEOUT` says another number of seconds.
const LIFE: Duration = Duration::from_secs(60);

/// How many pieces of a chunk are small before the rest is written at once.
const SMALL_PIECES: usize = 24;

/// A running command.
pub(crate) struct Process {
    child: Arc<Mutex<Child>>,
    stdin: Option<ChildStdin>,
    stdout: Option<BufReader<ChildStdout>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
    timed_out: Arc<AtomicBool>,
    /// Dropping it ends the watchdog.
    _alive: mpsc::Sender<()>,
    transcript: Transcript,
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it wrote to standard error.
    pub(crate) stderr: Vec<u8>,
    /// What was left on its standard output after the last reply that was read.
    pub(crate) rest: Vec<u8>,
    /// The time from the call that waited to the end.
    pub(crate) took: Duration,
    /// The whole conversation.
    pub(crate) transcript: Transcript,
}

impl Process {
    /// Starts the command as splunkd does: in the folder of the binary, with SPLUNK_HOME and little else set.
    pub(crate) fn start(search: &Search<'_>) -> Self {
        let splunk = search.splunk;
        let mut command = command(search);
        command
            .current_dir(splunk.bin())
            .env_clear()
            .env("SPLUNK_HOME", splunk.home())
            .env("TZ", "UTC");
        command.envs(search.environment.iter().cloned());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = spawn(&mut command);
        let stderr = child
            .stderr
            .take()
            .map(|stream| thread::spawn(|| read_all(stream)));
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().map(BufReader::new));
        let child = Arc::new(Mutex::new(child));
        let timed_out = Arc::new(AtomicBool::new(false));
        let alive = watch(Arc::clone(&child), Arc::clone(&timed_out));
        let mut transcript = Transcript::default();
        transcript.note(format!("{command:?}"));
        Self {
            child,
            stdin,
            stdout,
            stderr,
            timed_out,
            _alive: alive,
            transcript,
        }
    }

    /// Sends bytes at once. False where the command no longer reads.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> bool {
        self.transcript.sent(bytes);
        self.write(bytes)
    }

    /// Sends bytes in small pieces of varying length. False where the command no longer reads.
    pub(crate) fn send_in_pieces(&mut self, bytes: &[u8], dice: &mut Dice) -> bool {
        self.transcript.sent(bytes);
        let mut rest = bytes;
        for _ in 0..SMALL_PIECES {
            let longest = *dice.pick(&[1, 2, 7, 60, 4096]);
            let (piece, later) = rest.split_at(rest.len().min(dice.between(1, longest)));
            if !self.write(piece) {
                return false;
            }
            rest = later;
        }
        self.write(rest)
    }

    fn write(&mut self, bytes: &[u8]) -> bool {
        let stdin = self.stdin.as_mut().expect("standard input is open");
        match stdin.write_all(bytes).and_then(|()| stdin.flush()) {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::BrokenPipe => false,
            Err(error) => self.fail(&format!("writing to the command: {error}")),
        }
    }

    /// The next reply; fails the test where there is none.
    pub(crate) fn reply(&mut self) -> Reply {
        self.next_reply()
            .unwrap_or_else(|| self.fail("expected a reply, found the end of standard output"))
    }

    /// The next reply; `None` at the end of the output.
    pub(crate) fn next_reply(&mut self) -> Option<Reply> {
        let stdout = self.stdout.as_mut().expect("standard output is open");
        let reply = read_reply(stdout).unwrap_or_else(|problem| self.fail(&problem));
        if let Some(reply) = &reply {
            self.transcript.received(&reply.metadata_text, &reply.body);
        }
        reply
    }

    /// Reads up to `length` bytes of output as they come, without taking them for a reply.
    pub(crate) fn read_some(&mut self, length: usize) -> Vec<u8> {
        let stdout = self.stdout.as_mut().expect("standard output is open");
        let mut bytes = Vec::new();
        let read = stdout.take(length as u64).read_to_end(&mut bytes);
        read.expect("standard output is read");
        bytes
    }

    /// Ends the command's input.
    pub(crate) fn close_input(&mut self) {
        self.transcript.note("standard input is closed");
        self.stdin = None;
    }

    /// Breaks the command's output: its next write fails.
    pub(crate) fn close_output(&mut self) {
        self.transcript.note("standard output is closed");
        self.stdout = None;
    }

    /// Kills the process, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.transcript.note("killed");
        self.child
            .lock()
            .unwrap()
            .kill()
            .expect("the process is killed");
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.lock().unwrap().id()
    }

    /// The most memory that the process has held so far, in KiB; `None` where it has ended.
    pub(crate) fn peak_memory_kib(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    }

    /// Waits for the end, whatever is open.
    pub(crate) fn wait(mut self) -> Ended {
        let started = Instant::now();
        let status = self.wait_for_exit();
        let took = started.elapsed();
        let rest = self.stdout.take().map_or_else(Vec::new, read_all);
        let stderr = self
            .stderr
            .take()
            .expect("a process ends once")
            .join()
            .expect("standard error is read");
        let how = String::from_utf8_lossy(&stderr);
        self.transcript
            .note(format!("{status} after {took:?}, standard error: {how:?}"));
        Ended {
            code: status.code(),
            stderr,
            rest,
            took,
            transcript: self.transcript.clone(),
        }
    }

    /// Waits for the end of a process whose output need not be read.
    fn wait_for_exit(&mut self) -> ExitStatus {
        loop {
            let ended = self
                .child
                .lock()
                .unwrap()
                .try_wait()
                .expect("the process can be waited for");
            match ended {
                Some(_) if self.timed_out.load(Ordering::Relaxed) => {
                    self.fail("the command had not ended in time")
                }
                Some(status) => return status,
                None => thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    /// Fails the test, showing the conversation.
    pub(crate) fn fail(&mut self, problem: &str) -> ! {
        let late = if self.timed_out.load(Ordering::Relaxed) {
            " (killed after waiting in vain)"
        } else {
            ""
        };
        let _ = self.child.lock().unwrap().kill();
        let stderr = self
            .stderr
            .take()
            .map(|thread| thread.join().unwrap_or_default())
            .unwrap_or_default();
        let stderr = stderr.escape_ascii();
        panic!(
            "{problem}{late}\n{}--- standard error ---\n{stderr}",
            self.transcript
        );
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Ok(mut child) = self.child.lock() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The wrapper, the emulator and the binary, as far as there are any.
fn command(search: &Search<'_>) -> Command {
    let wrapper = search.wrapper.iter().map(OsString::from);
    let binary = search.splunk.binary().into_os_string();
    let mut words = wrapper.chain(runner().map(OsString::from)).chain([binary]);
    let mut command = Command::new(words.next().expect("the binary at least"));
    command.args(words);
    if let Some(user) = search.user {
        command.uid(user).gid(user);
    }
    command
}

/// A freshly copied binary may still be open for writing in a process that another test is starting.
fn spawn(command: &mut Command) -> Child {
    loop {
        match command.spawn() {
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                thread::sleep(Duration::from_millis(5))
            }
            child => return child.expect("the command starts"),
        }
    }
}

fn watch(child: Arc<Mutex<Child>>, timed_out: Arc<AtomicBool>) -> mpsc::Sender<()> {
    let (alive, ended) = mpsc::channel::<()>();
    let seconds = std::env::var("S3NEWIP_TEST_TIMEOUT")
        .ok()
        .and_then(|text| text.parse().ok());
    let life = seconds.map_or(LIFE, Duration::from_secs);
    thread::spawn(move || {
        if ended.recv_timeout(life) == Err(mpsc::RecvTimeoutError::Timeout) {
            timed_out.store(true, Ordering::Relaxed);
            let _ = child.lock().unwrap().kill();
        }
    });
    alive
}

fn read_all(mut stream: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    bytes
}
