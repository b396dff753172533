//! Writing a large file: by a thread of its own once the file has grown, while another one flushes to disk what is
//! written, so that the flush at the end, for which the search waits, has little left to do.

use std::fs::File;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use super::system::uninterrupted;

/// How much is gathered before it is written, in bytes.
const BUFFER_BYTES: usize = 256 << 10;

/// Buffers under way between the two threads.
const BUFFERS: usize = 2;

/// A file up to this size is written by the thread that makes it; a larger one is flushed about each time that so much
/// more has been written. In bytes.
const FLUSH_BYTES: usize = 8 << 20;

/// A file being written from its start.
#[derive(Debug)]
pub(super) struct Writer {
    file: File,
    buffer: Vec<u8>,
    written: usize,
    background: Option<Background>,
}

/// The threads that write and flush, and the channels to and from the first.
#[derive(Debug)]
struct Background {
    full: SyncSender<Vec<u8>>,
    empty: Receiver<Vec<u8>>,
    threads: [JoinHandle<io::Result<()>>; 2],
}

impl Writer {
    pub(super) fn new(file: File) -> Self {
        Self {
            file,
            buffer: Vec::with_capacity(BUFFER_BYTES),
            written: 0,
            background: None,
        }
    }

    /// The file.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// The buffer to append to; [`Writer::write_full`] must follow.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Writes the buffer out where it is full.
    ///
    /// # Errors
    /// The system's, of this write or an earlier one.
    pub(super) fn write_full(&mut self) -> io::Result<()> {
        if self.buffer.len() < BUFFER_BYTES {
            return Ok(());
        }
        if self.background.is_none() && self.written >= FLUSH_BYTES {
            // Where the system has no threads to spare, this one goes on.
            self.background = Background::start(&self.file).ok();
        }
        self.write_out()
    }

    fn write_out(&mut self) -> io::Result<()> {
        self.written += self.buffer.len();
        let Some(background) = &mut self.background else {
            self.file.write_all(&self.buffer)?;
            self.buffer.clear();
            return Ok(());
        };
        let empty = background.empty.try_recv();
        let empty = empty.unwrap_or_else(|_| Vec::with_capacity(BUFFER_BYTES));
        let full = std::mem::replace(&mut self.buffer, empty);
        match background.full.send(full) {
            Ok(()) => Ok(()),
            // The thread has ended: it knows why.
            Err(_) => self.join(),
        }
    }

    /// Writes the rest and waits until all of it is on the disk.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.write_out()?;
        self.join()?;
        self.file.sync_all()
    }

    /// Waits for the threads to write all that they were given.
    fn join(&mut self) -> io::Result<()> {
        let Some(Background { full, threads, .. }) = self.background.take() else {
            return Ok(());
        };
        drop(full);
        let join = |thread: JoinHandle<io::Result<()>>| {
            let ended = thread.join();
            ended.unwrap_or_else(|_| Err(io::Error::other("the writing thread failed")))
        };
        let [written, flushed] = threads.map(join);
        written.and(flushed)
    }
}

impl Drop for Writer {
    /// No thread outlives the file that it writes.
    fn drop(&mut self) {
        // A file that was not flushed is thrown away, and with it what went wrong.
        let _ = self.join();
    }
}

impl Background {
    fn start(file: &File) -> io::Result<Self> {
        let clone = || uninterrupted(|| file.try_clone());
        let (written, flushed) = (clone()?, clone()?);
        let (full, take) = sync_channel(BUFFERS);
        let (give_back, empty) = sync_channel(BUFFERS);
        let (grown, flush) = sync_channel(1);
        let write = move || write_all(written, &take, &give_back, &grown);
        Ok(Self {
            full,
            empty,
            threads: [
                Builder::new().spawn(write)?,
                Builder::new().spawn(move || flush_all(&flushed, &flush))?,
            ],
        })
    }
}

/// Writes buffer after buffer until no more come, and says each time that the file has grown.
fn write_all(
    mut file: File,
    take: &Receiver<Vec<u8>>,
    give_back: &SyncSender<Vec<u8>>,
    grown: &SyncSender<()>,
) -> io::Result<()> {
    let mut unflushed = 0;
    for mut buffer in take {
        file.write_all(&buffer)?;
        unflushed += buffer.len();
        if unflushed >= FLUSH_BYTES && grown.try_send(()).is_ok() {
            unflushed = 0;
        }
        buffer.clear();
        // Where the channel is full, or the receiver is gone, the buffer is dropped.
        let _ = give_back.try_send(buffer);
    }
    Ok(())
}

/// Flushes each time the file has grown.
fn flush_all(file: &File, grown: &Receiver<()>) -> io::Result<()> {
    grown.iter().try_for_each(|()| file.sync_data())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_file_arrives_whole_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        let mut writer = Writer::new(File::create(&path).unwrap());
        let mut expected = Vec::new();
        for number in 0_u32..3 * FLUSH_BYTES as u32 / 4 {
            writer.buffer().extend_from_slice(&number.to_le_bytes());
            writer.write_full().unwrap();
            expected.extend_from_slice(&number.to_le_bytes());
        }
        assert!(writer.background.is_some());
        writer.flush().unwrap();
        assert!(std::fs::read(&path).unwrap() == expected);
    }

    #[test]
    fn a_write_that_fails_in_the_background_is_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("read only");
        std::fs::write(&path, "").unwrap();
        let mut writer = Writer::new(File::open(&path).unwrap());
        writer.written = FLUSH_BYTES;
        let mut write = || {
            writer.buffer().resize(BUFFER_BYTES, 0);
            writer.write_full()
        };
        let failed = (0..2 * BUFFERS).any(|_| write().is_err());
        assert!(failed || writer.flush().is_err());
    }
}
