//! Searches that are cancelled: splunkd closes a pipe, somewhere in the conversation.

use super::conversation::{Conversation, execute_frame};
use super::cut::bodies;
use super::dice::Dice;
use super::process::Ended;
use super::search::Search;
use std::time::Duration;

/// How soon a cancelled command must have gone; generous, for slow machines.
pub(crate) const SOON: Duration = Duration::from_secs(5);

/// Where in the conversation the search is cancelled.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cancel {
    /// Before a byte was said.
    AtOnce,
    /// Within getinfo, after that many bytes.
    WithinGetinfo(usize),
    /// After getinfo was answered.
    AfterGetinfo,
    /// Within the execute request of that number (from 0), after that many bytes.
    Within(usize, usize),
    /// After the request before the last was answered.
    BeforeLast,
    /// When the last request is complete, without waiting for the reply.
    AfterLast,
    /// Standard output breaks before the request of that number (from 0) is sent; standard input stays open.
    OutputBefore(usize),
    /// Standard output breaks after that many bytes of the last reply, then standard input ends.
    OutputWithinLast(usize),
}

impl Search<'_> {
    /// Runs the search up to `point`, cancels it there and waits for its end: exit 0, in silence, soon.
    pub(crate) fn cancel(&self, point: Cancel) -> Ended {
        let bodies = bodies(&self.parts, &mut Dice::new(self.seed));
        let mut talk = self.start();
        let ended = match point {
            Cancel::AtOnce => talk.hang_up(),
            Cancel::WithinGetinfo(bytes) => {
                let request = talk.getinfo_frame()[..bytes].to_vec();
                talk.send(&request);
                talk.hang_up()
            }
            _ => {
                talk.getinfo();
                cancel_execute(talk, &bodies, point)
            }
        };
        assert_eq!(
            ended.code,
            Some(0),
            "{point:?}: exit code\n{}",
            ended.transcript
        );
        assert!(
            ended.stderr.is_empty(),
            "{point:?}: standard error\n{}",
            ended.transcript
        );
        assert!(
            ended.took < SOON,
            "{point:?}: took {:?}\n{}",
            ended.took,
            ended.transcript
        );
        ended
    }
}

fn cancel_execute(mut talk: Conversation, bodies: &[Vec<u8>], point: Cancel) -> Ended {
    let answered = match point {
        Cancel::AfterGetinfo => 0,
        Cancel::Within(request, _) | Cancel::OutputBefore(request) => request,
        _ => bodies.len() - 1,
    };
    for body in &bodies[..answered] {
        talk.execute(body, false);
    }
    let request = execute_frame(&bodies[answered], answered + 1 == bodies.len());
    match point {
        Cancel::Within(_, bytes) => _ = talk.send(&request[..bytes]),
        Cancel::AfterLast => _ = talk.send(&request),
        Cancel::OutputBefore(_) => {
            talk.process.close_output();
            talk.send(&request);
            return talk.process.wait();
        }
        Cancel::OutputWithinLast(bytes) => {
            talk.send(&request);
            talk.process.read_some(bytes);
            talk.process.close_output();
        }
        _ => {}
    }
    talk.hang_up()
}

impl Ended {
    /// Expects that nothing was said after the last reply, and nothing at all on standard error.
    pub(crate) fn expect_silence(&self) -> &Self {
        assert!(
            self.stderr.is_empty(),
            "standard error is not empty\n{}",
            self.transcript
        );
        let rest = self.rest.escape_ascii();
        assert!(
            self.rest.is_empty(),
            "after the last reply: {rest}\n{}",
            self.transcript
        );
        self
    }
}
