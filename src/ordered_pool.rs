//! A pipeline on a few threads: items are fetched from a source one after the other, processed in parallel, and consumed
//! by the caller in the order of the source. A caller that waits for work processes items itself, so that no processor is
//! idle whether processing or consuming takes longer.
//!
//! ```text
//! source -> fetch (sequential) -> process (parallel) -> consume (in order, by the caller)
//! ```
//!
//! Invariants: items are consumed in the order in which they were fetched; at most three items exist for each thread; no
//! thread outlives the call; where the system starts no threads, the caller does everything, with the same result.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, Scope};

/// The caller's ends of a thread's channels.
struct Worker<T, F> {
    items: Receiver<Fetched<T, F>>,
    /// Consumed items, whose memory the thread reuses.
    recycled: SyncSender<T>,
}

/// An item and whether it was processed; or the source's error, after which nothing follows.
type Fetched<T, F> = Result<(T, bool), F>;

/// Calls `consume` with all items of `source`, in order. `fetch` puts the next one into an item, which may have been used
/// before, and returns whether there was one. Its error is consumed in the item's place and ends the source. Each of
/// `threads` threads, and the caller, has a function from `processor` that processes items. With 0 threads the caller
/// does everything.
///
/// # Errors
/// The first error of `consume`; nothing more is consumed then.
pub(crate) fn run_in_order<S, T, F, P, E>(
    threads: usize,
    source: S,
    fetch: impl Fn(&mut S, &mut T) -> Result<bool, F> + Sync,
    processor: impl Fn() -> P + Sync,
    mut consume: impl FnMut(Result<&mut T, F>) -> Result<(), E>,
) -> Result<(), E>
where
    S: Send,
    T: Default + Send,
    F: Send,
    P: FnMut(&mut T),
{
    thread::scope(|scope| {
        let mut source = match start(scope, threads, source, &fetch, &processor) {
            Ok(workers) => return consume_in_order(&workers, processor(), consume),
            Err(source) => source,
        };
        let (mut process, mut item) = (processor(), T::default());
        loop {
            match fetch(&mut source, &mut item) {
                Ok(false) => return Ok(()),
                Ok(true) => process(&mut item),
                Err(error) => return consume(Err(error)),
            }
            consume(Ok(&mut item))?;
        }
    })
}

/// Starts the threads. The source goes round from one to the next.
///
/// # Errors
/// Returns `source` where no thread was asked for, or one could not be started.
fn start<'scope, S, T, F, P>(
    scope: &'scope Scope<'scope, '_>,
    threads: usize,
    source: S,
    fetch: &'scope (impl Fn(&mut S, &mut T) -> Result<bool, F> + Sync),
    processor: &'scope (impl Fn() -> P + Sync),
) -> Result<Vec<Worker<T, F>>, S>
where
    S: Send + 'scope,
    T: Default + Send + 'scope,
    F: Send + 'scope,
    P: FnMut(&mut T),
{
    let (mut source_senders, source_receivers): (Vec<_>, Vec<_>) =
        (0..threads).map(|_| sync_channel(1)).unzip();
    let Some(first) = source_senders.first().cloned() else {
        return Err(source);
    };
    source_senders.rotate_left(1);
    let mut workers = Vec::new();
    for (sources, next_thread) in source_receivers.into_iter().zip(source_senders) {
        let (item_sender, items) = sync_channel(1);
        let (recycled, recycled_receiver) = sync_channel(2);
        let work = move || {
            work(
                &sources,
                &next_thread,
                fetch,
                processor(),
                &recycled_receiver,
                &item_sender,
            );
        };
        if thread::Builder::new().spawn_scoped(scope, work).is_err() {
            return Err(source);
        }
        workers.push(Worker { items, recycled });
    }
    first.send(source).map_err(|unsent| unsent.0)?;
    Ok(workers)
}

/// The loop of a thread: receive the source, fetch an item, pass the source on, process the item.
fn work<S, T: Default, F>(
    sources: &Receiver<S>,
    next_thread: &SyncSender<S>,
    fetch: impl Fn(&mut S, &mut T) -> Result<bool, F>,
    mut process: impl FnMut(&mut T),
    recycled: &Receiver<T>,
    items: &SyncSender<Fetched<T, F>>,
) {
    while let Ok(mut source) = sources.recv() {
        let mut item = recycled.try_recv().unwrap_or_default();
        match fetch(&mut source, &mut item) {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                // The receiver is gone after an error of `consume`; then the error is dropped.
                let _ = items.send(Err(error));
                return;
            }
        }
        // The next thread has ended only where the receiver is gone, which the send of the item finds too.
        let _ = next_thread.send(source);
        // A caller that waits gets the item unprocessed and processes it. A full channel says that the caller is busy.
        match items.try_send(Ok((item, false))) {
            Ok(()) => {}
            Err(TrySendError::Full(Ok((mut item, _)))) => {
                process(&mut item);
                if items.send(Ok((item, true))).is_err() {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}

fn consume_in_order<T, F, E>(
    workers: &[Worker<T, F>],
    mut process: impl FnMut(&mut T),
    mut consume: impl FnMut(Result<&mut T, F>) -> Result<(), E>,
) -> Result<(), E> {
    for worker in workers.iter().cycle() {
        // The thread that finds the end of the source ends, and its channel with it.
        let Ok(fetched) = worker.items.recv() else {
            break;
        };
        let (mut item, processed) = match fetched {
            Ok(fetched) => fetched,
            Err(error) => return consume(Err(error)),
        };
        if !processed {
            process(&mut item);
        }
        consume(Ok(&mut item))?;
        // A thread that has ended needs no memory.
        let _ = worker.recycled.try_send(item);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// The numbers below `end`, doubled by so many threads.
    fn doubled(threads: usize, end: u64) -> Vec<u64> {
        let mut found = Vec::new();
        let fetch = |source: &mut std::ops::Range<u64>, item: &mut Vec<u64>| {
            item.clear();
            item.extend(source.next());
            Ok::<_, Infallible>(!item.is_empty())
        };
        let double = || |item: &mut Vec<u64>| item.iter_mut().for_each(|number| *number *= 2);
        run_in_order(threads, 0..end, fetch, double, |item| {
            let Ok(item) = item;
            found.append(item);
            Ok::<_, ()>(())
        })
        .unwrap();
        found
    }

    #[test]
    fn items_come_in_order_however_many_threads_there_are() {
        for threads in 0..5 {
            for end in [0, 1, 2, 3, 1000] {
                let expected: Vec<_> = (0..end).map(|number| 2 * number).collect();
                assert_eq!(doubled(threads, end), expected, "{threads} threads");
            }
        }
    }

    #[test]
    fn an_error_ends_an_endless_source() {
        for threads in 0..4 {
            let fetch = |source: &mut u64, item: &mut u64| {
                *item = *source;
                *source += 1;
                Ok::<_, Infallible>(true)
            };
            let consume = |item: Result<&mut u64, _>| {
                let Ok(item) = item;
                if *item < 10 { Ok(()) } else { Err(*item) }
            };
            assert_eq!(
                run_in_order(threads, 0, fetch, || |_: &mut u64| {}, consume),
                Err(10)
            );
        }
    }

    #[test]
    fn an_error_of_the_source_comes_in_its_place_and_is_the_last() {
        for threads in 0..4 {
            let fetch = |source: &mut u64, item: &mut u64| {
                *item = *source;
                *source += 1;
                if *item == 10 { Err(*item) } else { Ok(true) }
            };
            let mut found = Vec::new();
            let consume = |item: Result<&mut u64, u64>| {
                found.push(item.map(|item| *item));
                Ok::<_, ()>(())
            };
            assert_eq!(
                run_in_order(threads, 0, fetch, || |_: &mut u64| {}, consume),
                Ok(())
            );
            let expected: Vec<_> = (0..10).map(Ok).chain([Err(10)]).collect();
            assert_eq!(found, expected, "{threads} threads");
        }
    }
}
