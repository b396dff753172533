//! The signals that end a scan: a thread that gets them, and says what they leave behind.

use std::io::{self, IsTerminal};
use std::process;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use s3newip::scan::Interruption;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// How long the message waits for a standard error that is full.
const PATIENCE: Timespec = Timespec {
    tv_sec: 1,
    tv_nsec: 0,
};

/// Has SIGINT, SIGTERM and SIGHUP end the process by way of `interruption`, but for those that it was started to ignore
/// (`nohup`). Where the system gives no thread for that, they end it at once and without a word.
pub(crate) fn watch(interruption: &Arc<Interruption>) {
    let interruption = Arc::clone(interruption);
    let (hand_over, take) = sync_channel::<Signals>(1);
    let watching = thread::Builder::new().spawn(move || {
        let Ok(mut signals) = take.recv() else {
            return;
        };
        for signal in signals.forever() {
            interruption.interrupt(signal, |message, exit| {
                say(message);
                process::exit(exit.code().into());
            });
        }
    });
    // The thread first: a signal that is handled and not looked at would be lost.
    if watching.is_ok() {
        let ignored = ignored();
        let wanted = [SIGHUP, SIGINT, SIGTERM];
        let wanted = wanted
            .iter()
            .filter(|signal| ignored >> (**signal - 1) & 1 == 0);
        if let Ok(signals) = Signals::new(wanted) {
            let _ = hand_over.send(signals);
        }
    }
}

/// The signals that the process ignores, a bit each, signal 1 the lowest; none where the system does not tell.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default()
}

/// Writes to standard error past the standard library's lock, which a thread that waits for a full pipe may have.
fn say(message: &str) {
    let stderr = io::stderr();
    // The line may have a progress bar.
    let line_feed = if stderr.is_terminal() { "\n" } else { "" };
    let text = format!("{line_feed}s3newip: {message}\n");
    let mut descriptors = [PollFd::new(&stderr, PollFlags::OUT)];
    if poll(&mut descriptors, Some(&PATIENCE)).is_ok_and(|ready| ready > 0) {
        let _ = rustix::io::write(&stderr, text.as_bytes());
    }
}
