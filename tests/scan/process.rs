//! One run of the program from a shell, in a pipe or on a terminal.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};

use crate::support::{binary_under_test, runner};

/// The longest life of a process.
const LIFE: Duration = Duration::from_secs(60);

/// What is done to its standard input, or meanwhile.
type Step = Box<dyn FnOnce(&mut ChildStdin) + Send>;

/// A run that has not started yet.
pub(crate) struct Scan {
    command: Command,
    input: Vec<Step>,
    output: Option<File>,
    on_terminal: bool,
    typed: Vec<u8>,
    lines: usize,
}

/// How a run ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    /// Empty where it was a terminal.
    pub(crate) stdout: Vec<u8>,
    /// What went to standard error, or to the terminal.
    pub(crate) stderr: String,
}

impl Scan {
    /// The program with `arguments`, in `folder`; standard input is empty.
    pub(crate) fn new(folder: &Path, arguments: &[&str]) -> Self {
        let binary = binary_under_test().into_os_string();
        let mut words = runner().map(OsString::from).into_iter().chain([binary]);
        let mut command = Command::new(words.next().expect("the binary at least"));
        command
            .args(words)
            .args(arguments)
            .current_dir(folder)
            .env("TZ", "UTC")
            .env("TERM", "xterm")
            .env_remove("NO_COLOR");
        Self {
            command,
            input: Vec::new(),
            output: None,
            on_terminal: false,
            typed: Vec::new(),
            lines: usize::MAX,
        }
    }

    /// Adds an argument that need not be UTF-8.
    pub(crate) fn argument(mut self, argument: &std::ffi::OsStr) -> Self {
        self.command.arg(argument);
        self
    }

    /// Adds a piece of standard input; every piece is a write of its own.
    pub(crate) fn input(self, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref().to_vec();
        self.step(move |stdin| {
            // A program that no longer reads is not what is tested here.
            let _ = stdin.write_all(&bytes).and_then(|()| stdin.flush());
        })
    }

    /// Does something when the pieces before have been read, but for what fits into a pipe.
    pub(crate) fn meanwhile(self, act: impl FnOnce() + Send + 'static) -> Self {
        self.step(|_| act())
    }

    fn step(mut self, step: impl FnOnce(&mut ChildStdin) + Send + 'static) -> Self {
        self.input.push(Box::new(step));
        self
    }

    /// Runs as another user; only root can.
    pub(crate) fn user(mut self, user: u32) -> Self {
        self.command.uid(user).gid(user);
        self
    }

    /// Reads this many lines of standard output and hangs up, as `| head` does.
    pub(crate) fn head(mut self, lines: usize) -> Self {
        self.lines = lines;
        self
    }

    /// Writes its standard output into `file`.
    pub(crate) fn output(mut self, file: File) -> Self {
        self.output = Some(file);
        self
    }

    /// With a terminal for standard error, and for standard input where there is none.
    pub(crate) fn on_terminal(mut self) -> Self {
        self.on_terminal = true;
        self
    }

    /// On a terminal, at which this is typed.
    pub(crate) fn typed(mut self, text: &str) -> Self {
        self.typed = text.into();
        self.on_terminal()
    }

    /// With a standard error that has no reader.
    pub(crate) fn unheard(mut self) -> Ended {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        self.command.stderr(writer);
        let mut child = self.start();
        let stdout = self.read_output(&mut child);
        end(child, stdout, None)
    }

    pub(crate) fn run(mut self) -> Ended {
        let stderr = if self.on_terminal {
            self.terminal()
        } else {
            let (reader, writer) = std::io::pipe().expect("a pipe");
            self.command.stderr(writer);
            read(reader, usize::MAX)
        };
        let mut child = self.start();
        let stdout = self.read_output(&mut child);
        // With its own copies of the descriptors gone, what it wrote has an end.
        drop(self.command);
        end(child, stdout, Some(stderr))
    }

    fn read_output(&self, child: &mut Child) -> JoinHandle<Vec<u8>> {
        let lines = self.lines;
        match child.stdout.take() {
            Some(stdout) => read(stdout, lines),
            None => thread::spawn(Vec::new),
        }
    }

    /// Makes a terminal; what is written to it.
    fn terminal(&mut self) -> JoinHandle<Vec<u8>> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = openpt(flags).expect("a terminal");
        unlockpt(&ours).expect("it is unlocked");
        let mut ours = File::from(ours);
        let theirs = File::from(ioctl_tiocgptpeer(&ours, flags).expect("its other side"));
        if self.input.is_empty() {
            self.command.stdin(theirs.try_clone().expect("a copy"));
        }
        self.command.stderr(theirs);
        ours.write_all(&self.typed).expect("it is typed");
        read(ours, usize::MAX)
    }

    fn start(&mut self) -> Child {
        if !self.input.is_empty() {
            self.command.stdin(Stdio::piped());
        } else if !self.on_terminal {
            self.command.stdin(Stdio::null());
        }
        let output = self.output.take();
        self.command
            .stdout(output.map_or_else(Stdio::piped, Stdio::from));
        let mut child = loop {
            match self.command.spawn() {
                // Another test may just be starting a process that still has the binary open for writing.
                Err(cause) if cause.kind() == ErrorKind::ExecutableFileBusy => {
                    thread::sleep(Duration::from_millis(5))
                }
                child => break child.expect("the program starts"),
            }
        };
        let steps = std::mem::take(&mut self.input);
        if let Some(mut stdin) = child.stdin.take() {
            thread::spawn(move || {
                for step in steps {
                    step(&mut stdin);
                    thread::sleep(Duration::from_millis(50));
                }
            });
        }
        child
    }
}

/// Reads to the end, or until so many lines have come.
fn read(mut stream: impl Read + Send + 'static, lines: usize) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
        loop {
            match stream.read(&mut piece) {
                Ok(count @ 1..) => bytes.extend_from_slice(&piece[..count]),
                // A terminal whose other side is closed has an error for an end.
                Ok(0) | Err(_) => return bytes,
            }
            if bytes.iter().filter(|byte| **byte == b'\n').count() >= lines {
                return bytes;
            }
        }
    })
}

fn end(
    mut child: Child,
    stdout: JoinHandle<Vec<u8>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
) -> Ended {
    let deadline = Instant::now() + LIFE;
    let status = loop {
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().expect("it can be killed");
            panic!("still running after {LIFE:?}");
        }
        thread::sleep(Duration::from_millis(1));
    };
    let text = |bytes: JoinHandle<Vec<u8>>| bytes.join().expect("it is read");
    Ended {
        code: status.code(),
        stdout: text(stdout),
        stderr: String::from_utf8(stderr.map(text).unwrap_or_default()).expect("UTF-8"),
    }
}

impl fmt::Debug for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            code,
            stdout,
            stderr,
        } = self;
        let (stdout, stderr) = (stdout.escape_ascii(), stderr.escape_debug());
        write!(
            formatter,
            "exit code {code:?}, standard output: {stdout}, standard error: {stderr}"
        )
    }
}

impl Ended {
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    /// Expects all these parts in what went to standard error.
    pub(crate) fn expect_stderr(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.stderr.contains(part), "expected {part:?}: {self:?}");
        }
        self
    }

    /// Expects an empty standard error.
    pub(crate) fn expect_silence(self) -> Self {
        assert_eq!(self.stderr, "", "{self:?}");
        self
    }

    /// Standard output as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.stdout.clone()).expect("UTF-8")
    }

    /// The rows of `--format csv`, the header first.
    pub(crate) fn rows(&self) -> Vec<Vec<String>> {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(self.stdout.as_slice());
        let rows = reader.into_records().map(|row| row.expect("CSV"));
        rows.map(|row| row.iter().map(str::to_owned).collect())
            .collect()
    }

    /// The cells of one column of `--format csv`.
    pub(crate) fn column(&self, name: &str) -> Vec<String> {
        let rows = self.rows();
        let (header, rows) = rows.split_first().expect("a header");
        let place = header.iter().position(|column| column == name);
        let place = place.unwrap_or_else(|| panic!("expected a column {name}, found {header:?}"));
        rows.iter().map(|row| row[place].clone()).collect()
    }

    /// The objects of `--format ndjson`, as they are written.
    pub(crate) fn objects(&self) -> Vec<serde_json::Value> {
        let text = self.text();
        let objects = text.lines().map(serde_json::from_str);
        objects.map(|object| object.expect("JSON")).collect()
    }
}
