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
struct Worker<P, F> {
    taken: Receiver<Taken<P, F>>,
    spare: SyncSender<P>,
}

/// A piece, with a word whether it was made; or why there is none, and no other behind it.
type Taken<P, F> = Result<(P, bool), F>;

/// Calls `visit` with all pieces of `source`, in order. `take` puts the next one into a piece, which may have been used
/// before, and says whether there was one; its error is visited in the piece's place, and ends the source. Each of
/// `threads` threads has a maker, which makes of a piece what is wanted. With 0 threads the caller does everything.
///
/// # Errors
/// Those of `visit`; what follows is not visited then.
pub fn run_in_order<S, P, F, M, E>(
    threads: usize,
    source: S,
    take: impl Fn(&mut S, &mut P) -> Result<bool, F> + Sync,
    maker: impl Fn() -> M + Sync,
    mut visit: impl FnMut(Result<&mut P, F>) -> Result<(), E>,
) -> Result<(), E>
where
    S: Send,
    P: Default + Send,
    F: Send,
    M: FnMut(&mut P),
{
    thread::scope(|scope| {
        let mut source = match start(scope, threads, source, &take, &maker) {
            Ok(workers) => return visit_in_order(&workers, maker(), visit),
            Err(source) => source,
        };
        let (mut make, mut piece) = (maker(), P::default());
        loop {
            match take(&mut source, &mut piece) {
                Ok(false) => return Ok(()),
                Ok(true) => make(&mut piece),
                Err(error) => return visit(Err(error)),
            }
            visit(Ok(&mut piece))?;
        }
    })
}

/// Starts the threads; gives `source` back where there are none.
fn start<'scope, S, P, F, M>(
    scope: &'scope Scope<'scope, '_>,
    threads: usize,
    source: S,
    take: &'scope (impl Fn(&mut S, &mut P) -> Result<bool, F> + Sync),
    maker: &'scope (impl Fn() -> M + Sync),
) -> Result<Vec<Worker<P, F>>, S>
where
    S: Send + 'scope,
    P: Default + Send + 'scope,
    F: Send + 'scope,
    M: FnMut(&mut P),
{
    let (mut to_next, turns): (Vec<_>, Vec<_>) = (0..threads).map(|_| sync_channel(1)).unzip();
    let Some(to_first) = to_next.first().cloned() else {
        return Err(source);
    };
    to_next.rotate_left(1);
    let mut workers = Vec::new();
    for (turn, next) in turns.into_iter().zip(to_next) {
        let (give, taken) = sync_channel(1);
        let (spare, take_back) = sync_channel(2);
        let work = move || work(&turn, &next, take, maker(), &take_back, &give);
        if thread::Builder::new().spawn_scoped(scope, work).is_err() {
            return Err(source);
        }
        workers.push(Worker { taken, spare });
    }
    to_first.send(source).map_err(|unsent| unsent.0)?;
    Ok(workers)
}

/// What a thread does: it waits for its turn, takes a piece, hands the source to the next one, and makes what is wanted.
fn work<S, P: Default, F>(
    turn: &Receiver<S>,
    next: &SyncSender<S>,
    take: impl Fn(&mut S, &mut P) -> Result<bool, F>,
    mut make: impl FnMut(&mut P),
    spare: &Receiver<P>,
    give: &SyncSender<Taken<P, F>>,
) {
    while let Ok(mut source) = turn.recv() {
        let mut piece = spare.try_recv().unwrap_or_default();
        match take(&mut source, &mut piece) {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                // Where nobody wants pieces, nobody wants to know.
                let _ = give.send(Err(error));
                return;
            }
        }
        // A thread that has ended had nobody to give its piece to; nor will this one.
        let _ = next.send(source);
        // A caller that has nothing to do yet makes the piece itself.
        match give.try_send(Ok((piece, false))) {
            Ok(()) => {}
            Err(TrySendError::Full(Ok((mut piece, _)))) => {
                make(&mut piece);
                if give.send(Ok((piece, true))).is_err() {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}

fn visit_in_order<P, F, E>(
    workers: &[Worker<P, F>],
    mut make: impl FnMut(&mut P),
    mut visit: impl FnMut(Result<&mut P, F>) -> Result<(), E>,
) -> Result<(), E> {
    for worker in workers.iter().cycle() {
        // The one whose turn it is ends where the source does.
        let Ok(taken) = worker.taken.recv() else {
            break;
        };
        let (mut piece, made) = match taken {
            Ok(taken) => taken,
            Err(error) => return visit(Err(error)),
        };
        if !made {
            make(&mut piece);
        }
        visit(Ok(&mut piece))?;
        // One that has ended needs no piece.
        let _ = worker.spare.try_send(piece);
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
        let take = |source: &mut std::ops::Range<u64>, piece: &mut Vec<u64>| {
            piece.clear();
            piece.extend(source.next());
            Ok::<_, Infallible>(!piece.is_empty())
        };
        let double = || |piece: &mut Vec<u64>| piece.iter_mut().for_each(|number| *number *= 2);
        run_in_order(threads, 0..end, take, double, |piece| {
            let Ok(piece) = piece;
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
                Ok::<_, Infallible>(true)
            };
            let visit = |piece: Result<&mut u64, _>| {
                let Ok(piece) = piece;
                if *piece < 10 { Ok(()) } else { Err(*piece) }
            };
            assert_eq!(
                run_in_order(threads, 0, take, || |_: &mut u64| {}, visit),
                Err(10)
            );
        }
    }

    #[test]
    fn an_error_of_the_source_comes_in_its_place_and_is_the_last() {
        for threads in 0..4 {
            let take = |source: &mut u64, piece: &mut u64| {
                *piece = *source;
                *source += 1;
                if *piece == 10 { Err(*piece) } else { Ok(true) }
            };
            let mut found = Vec::new();
            let visit = |piece: Result<&mut u64, u64>| {
                found.push(piece.map(|piece| *piece));
                Ok::<_, ()>(())
            };
            assert_eq!(
                run_in_order(threads, 0, take, || |_: &mut u64| {}, visit),
                Ok(())
            );
            let expected: Vec<_> = (0..10).map(Ok).chain([Err(10)]).collect();
            assert_eq!(found, expected, "{threads} threads");
        }
    }
}
