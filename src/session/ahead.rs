//! A long body, read by a thread of its own while the caller looks at the records read before.

use std::io::Read;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::rows::{ReadError, RecordReader, Records};

/// A body of so many bytes is worth a thread.
pub(super) const AHEAD_BYTES: u64 = 512 << 10;

/// What the thread hands over.
type Ahead = Result<Records, ReadError>;

/// Calls `visit` with all that is left to read, in order: records, and at last perhaps why there are no more. Where the
/// system has no thread to spare, nothing is read, and all is left.
///
/// # Errors
/// Those of `visit`: nothing is read any more then.
pub(super) fn read_ahead<E>(
    reader: &mut RecordReader<impl Read + Send>,
    mut visit: impl FnMut(Result<&Records, ReadError>) -> Result<(), E>,
) -> Result<(), E> {
    let (give, take) = sync_channel(1);
    let (give_back, spare) = sync_channel(2);
    thread::scope(|scope| {
        // A thread that could not be started gives nothing.
        let _ = thread::Builder::new().spawn_scoped(scope, move || read_all(reader, &give, &spare));
        for ahead in take {
            let records = match ahead {
                Ok(records) => records,
                Err(error) => return visit(Err(error)),
            };
            visit(Ok(&records))?;
            // A thread that has ended needs no memory.
            let _ = give_back.try_send(records);
        }
        Ok(())
    })
}

/// Reads to the end, to an error, or until nobody wants more.
fn read_all(
    reader: &mut RecordReader<impl Read>,
    give: &SyncSender<Ahead>,
    spare: &Receiver<Records>,
) {
    loop {
        let spare = spare.try_recv().unwrap_or_default();
        let ahead = reader.next_records(spare).transpose();
        let last = !matches!(ahead, Some(Ok(_)));
        if ahead.is_some_and(|ahead| give.send(ahead).is_err()) || last {
            return;
        }
    }
}
