//! Work on a source by threads that take turns: one piece after the other is taken, what has to be made of them is made
//! side by side, and the caller gets them in order again. A caller that waits for work makes pieces itself, so that
//! nobody need know beforehand on which side of the threads most of the work is.
//!
//! ```text
//! source -> take (one after the other) -> make (side by side) -> visit (in order, by the caller)
//! ```
//!
//! Invariants: pieces are visited in the order in which they were taken; never more exist than three for each thread;
//! no thread outlives the call; where the system gives no threads, the caller does everything, with the same result.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, Scope};

/// A thread, as the caller sees it.
struct Worker<P> {
    /// Pieces, each with a word whether it was made.
    pieces: Receiver<(P, bool)>,
    spare: SyncSender<P>,
}

/// Calls `visit` with all pieces of `source`, in order. `take` puts the next one into a piece, which may have been used
/// before, and says whether there was one; each of `threads` threads has a maker, which makes of a piece what is wanted.
/// With 0 threads the caller does everything.
///
/// # Errors
/// Those of `visit`; what follows is not visited then.
pub fn in_turns<S, P, M, E>(
    threads: usize,
    source: S,
    take: impl Fn(&mut S, &mut P) -> bool + Sync,
    maker: impl Fn() -> M + Sync,
    mut visit: impl FnMut(&mut P) -> Result<(), E>,
) -> Result<(), E>
where
    S: Send,
    P: Default + Send,
    M: FnMut(&mut P),
{
    thread::scope(|scope| {
        let mut source = match start(scope, threads, source, &take, &maker) {
            Ok(workers) => return visit_in_order(&workers, maker(), visit),
            Err(source) => source,
        };
        let (mut make, mut piece) = (maker(), P::default());
        while take(&mut source, &mut piece) {
            make(&mut piece);
            visit(&mut piece)?;
        }
        Ok(())
    })
}

/// Starts the threads; gives `source` back where there are none.
fn start<'scope, S, P, M>(
    scope: &'scope Scope<'scope, '_>,
    threads: usize,
    source: S,
    take: &'scope (impl Fn(&mut S, &mut P) -> bool + Sync),
    maker: &'scope (impl Fn() -> M + Sync),
) -> Result<Vec<Worker<P>>, S>
where
    S: Send + 'scope,
    P: Default + Send + 'scope,
    M: FnMut(&mut P),
{
    let (mut to_next, turns): (Vec<_>, Vec<_>) = (0..threads).map(|_| sync_channel(1)).unzip();
    let Some(to_first) = to_next.first().cloned() else {
        return Err(source);
    };
    to_next.rotate_left(1);
    let mut workers = Vec::new();
    for (turn, next) in turns.into_iter().zip(to_next) {
        let (give, pieces) = sync_channel(1);
        let (spare, take_back) = sync_channel(2);
        let work = move || work(&turn, &next, take, maker(), &take_back, &give);
        if thread::Builder::new().spawn_scoped(scope, work).is_err() {
            return Err(source);
        }
        workers.push(Worker { pieces, spare });
    }
    to_first.send(source).map_err(|unsent| unsent.0)?;
    Ok(workers)
}

/// What a thread does: it waits for its turn, takes a piece, hands the source to the next one, and makes what is wanted.
fn work<S, P: Default>(
    turn: &Receiver<S>,
    next: &SyncSender<S>,
    take: impl Fn(&mut S, &mut P) -> bool,
    mut make: impl FnMut(&mut P),
    spare: &Receiver<P>,
    give: &SyncSender<(P, bool)>,
) {
    while let Ok(mut source) = turn.recv() {
        let mut piece = spare.try_recv().unwrap_or_default();
        if !take(&mut source, &mut piece) {
            return;
        }
        // A thread that has ended had nobody to give its piece to; nor will this one.
        let _ = next.send(source);
        // A caller that has nothing to do yet makes the piece itself.
        match give.try_send((piece, false)) {
            Ok(()) => {}
            Err(TrySendError::Disconnected(_)) => return,
            Err(TrySendError::Full((mut piece, _))) => {
                make(&mut piece);
                if give.send((piece, true)).is_err() {
                    return;
                }
            }
        }
    }
}

fn visit_in_order<P, E>(
    workers: &[Worker<P>],
    mut make: impl FnMut(&mut P),
    mut visit: impl FnMut(&mut P) -> Result<(), E>,
) -> Result<(), E> {
    for worker in workers.iter().cycle() {
        // The one whose turn it is ends where the source does.
        let Ok((mut piece, made)) = worker.pieces.recv() else {
            break;
        };
        if !made {
            make(&mut piece);
        }
        visit(&mut piece)?;
        // One that has ended needs no piece.
        let _ = worker.spare.try_send(piece);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers below `end`, doubled by so many threads.
    fn doubled(threads: usize, end: u64) -> Vec<u64> {
        let mut found = Vec::new();
        let take = |source: &mut std::ops::Range<u64>, piece: &mut Vec<u64>| {
            piece.clear();
            piece.extend(source.next());
            !piece.is_empty()
        };
        let double = || |piece: &mut Vec<u64>| piece.iter_mut().for_each(|number| *number *= 2);
        in_turns(threads, 0..end, take, double, |piece| {
            found.append(piece);
            Ok::<_, ()>(())
        })
        .unwrap();
        found
    }

    #[test]
    fn pieces_come_in_order_however_many_threads_there_are() {
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
            let take = |source: &mut u64, piece: &mut u64| {
                *piece = *source;
                *source += 1;
                true
            };
            let visit = |piece: &mut u64| if *piece < 10 { Ok(()) } else { Err(*piece) };
            assert_eq!(
                in_turns(threads, 0, take, || |_: &mut u64| {}, visit),
                Err(10)
            );
        }
    }
}
