//! One connection's worth of sending: takes jobs, keeps a session open, hands messages over one after another with the
//! next one's commands riding along, and passes what became of each to the recorder. What an outcome means for the
//! delivery and for its lanes is in [`crate::outcome`].

use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::Instant;
use vestnik_mail::session::Outgoing;
use vestnik_model::delivery::DeliveryState;
use vestnik_store::settle::Outcome;

use crate::Context;
use crate::claimer::give_back;
use crate::journal::HandedOver;
use crate::open::{NotOpened, OpenSession, open_unless};
use crate::outcome::{self, asks_for_rest};
use crate::queue::Taken;
use crate::render_job::{NotRendered, render};
use crate::run_content::Prepared;

/// How long a session without work stays open.
const IDLE: Duration = Duration::from_secs(5);
/// How long the outcome of a message waits to be written to the journal together with the next one's first record.
const WRITTEN_WITHIN: Duration = Duration::from_millis(50);

/// A job with its mail.
struct Ready {
    job: Arc<Taken>,
    mail: Prepared,
}

/// Runs until the process stops. It is the connection of this `index`: one that is above the node's part of all
/// connections rests.
pub async fn run(context: Context, index: usize) {
    let mut connection = Connection::new(context, index);
    // A message that cannot be handled must not take the connection with it, nor its claim.
    while AssertUnwindSafe(connection.work()).catch_unwind().await.is_err() {
        connection.after_panic().await;
    }
    connection.rest().await;
}

struct Connection {
    context: Context,
    index: usize,
    session: Option<OpenSession>,
    /// Of a session that the server had ended before it took it up: it goes first.
    again: Option<Ready>,
    /// Rendered, its commands perhaps out already.
    ahead: Option<Ready>,
    /// The outcome of the last message, as long as it is not in the journal.
    unwritten: Mutex<Option<Outcome>>,
    /// What is being worked on, for the case of a panic.
    at_hand: Vec<Arc<Taken>>,
    /// Whether the first of them has been handed over.
    handed_over: AtomicBool,
}

/// A connection that is ended in the middle leaves what it has heard in the journal.
impl Drop for Connection {
    fn drop(&mut self) {
        self.write();
    }
}

/// Completes when the run of the message at hand is halted. The message behind it goes back as soon as its own run is.
async fn until_halted(context: &Context, at_hand: Option<&Taken>, ahead: Option<&Ready>, returned: &mut bool) {
    let halted = async |job: Option<&Taken>| match job {
        Some(job) => job.run.halted().await,
        None => pending().await,
    };
    tokio::select! {
        () = halted(at_hand) => return,
        () = halted(ahead.map(|ahead| &*ahead.job)) => {}
    }
    if let Some(ahead) = ahead {
        // Cut short here, it was not given back.
        give_back(context, &ahead.job, None).await;
        *returned = true;
    }
    halted(at_hand).await;
}

fn lock(unwritten: &Mutex<Option<Outcome>>) -> MutexGuard<'_, Option<Outcome>> {
    unwritten.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes an outcome to the journal that has waited for the next message.
fn write(context: &Context, unwritten: &Mutex<Option<Outcome>>) {
    if let Some(outcome) = lock(unwritten).take()
        && let Err(error) = context.journal.answered(&outcome)
    {
        tracing::error!(%error, "an outcome could not be written to the journal");
    }
}

impl Connection {
    fn new(context: Context, index: usize) -> Self {
        Self {
            context,
            index,
            session: None,
            again: None,
            ahead: None,
            unwritten: Mutex::new(None),
            at_hand: Vec::new(),
            handed_over: AtomicBool::new(false),
        }
    }

    async fn work(&mut self) {
        while let Some(ready) = self.next().await {
            let session = match self.session_for(&ready).await {
                Ok(session) => session,
                Err(not_opened) => {
                    self.let_go(&ready.job, not_opened).await;
                    continue;
                }
            };
            // The wait for the server may have been long. A message whose commands are out already goes: it was due when
            // they went.
            if session.announced().is_none() && !self.is_still_due(&ready).await {
                self.session = Some(session);
                continue;
            }
            self.send(session, ready).await;
        }
    }

    /// The next message. `None`: the process stops.
    async fn next(&mut self) -> Option<Ready> {
        if let Some(ready) = self.again.take().or_else(|| self.ahead.take()) {
            return Some(ready);
        }
        loop {
            let job = self.next_job().await?;
            if let Some(ready) = self.prepare(job).await {
                return Some(ready);
            }
        }
    }

    /// The next job; `None` when the process stops. Meanwhile a session that has nothing to do is closed.
    async fn next_job(&mut self) -> Option<Taken> {
        let context = self.context.clone();
        let mut share = context.node.share();
        loop {
            if context.is_stopping() {
                return None;
            }
            if share.borrow_and_update().connections <= self.index {
                self.rest().await;
                tokio::select! {
                    _ = share.changed() => {}
                    _ = context.sleep(IDLE) => {}
                }
                continue;
            }
            let mut next = pin!(context.queue.take());
            if self.unwritten().is_some() {
                if let Some(job) = next.as_mut().now_or_never() {
                    return Some(job);
                }
                // The wait may be long, and what the server has said must not be lost with this process meanwhile.
                self.write();
            }
            tokio::select! {
                job = next => return Some(job),
                _ = share.changed() => {}
                _ = context.sleep(IDLE) => self.rest().await,
            }
        }
    }

    /// Ends what is open.
    async fn rest(&mut self) {
        self.write();
        if let Some(session) = self.session.take() {
            session.quit().await;
        }
    }

    /// A job whose commands can ride along with the message at hand.
    async fn next_ahead(&mut self) -> Option<Ready> {
        if let Some(ready) = self.ahead.take() {
            return Some(ready);
        }
        let context = &self.context;
        // What rides along passes no gate: a server that needs a rest would get none.
        let goes_on = !context.is_stopping() && context.node.connections() > self.index && context.relay.is_fine();
        while goes_on && let Some(job) = self.context.queue.take_ahead() {
            if let Some(ready) = self.prepare(job).await {
                return Some(ready);
            }
        }
        None
    }

    /// Makes a job's mail, or settles it if there is nothing to send.
    async fn prepare(&mut self, job: Taken) -> Option<Ready> {
        let job = Arc::new(job);
        self.at_hand.push(Arc::clone(&job));
        let now = self.context.clock.now();
        let is_over = job.run.ends_at.is_some_and(|end| end <= now);
        let settled = if job.run.is_halted() || is_over {
            self.write();
            // What the end of a window leaves waiting the scheduler ends, with the error of an outage if there is one.
            give_back(&self.context, &job, None).await;
            None
        } else if let Some(full_name) = &job.claimed.full_name {
            self.context.journal.rendering(self.index, &job);
            if job.is_apart() {
                // It may take its time.
                self.write();
            }
            match render(&self.context, &job, full_name).await {
                Ok(mail) => return Some(Ready { job, mail }),
                // Perhaps it was only cut short.
                Err(_) if job.run.is_halted() || self.context.is_stopping() => {
                    give_back(&self.context, &job, None).await;
                    None
                }
                Err(NotRendered::Wrong(problem)) => Some(outcome::unrendered(&job, problem, now)),
                Err(NotRendered::TooSlow(problem)) => Some(outcome::rendered_too_slowly(&self.context, &job, problem)),
            }
        } else {
            Some(outcome::untried(&job, DeliveryState::Skipped))
        };
        if let Some(settled) = settled {
            self.pass_on(settled).await;
        }
        self.done_with(&job);
        None
    }

    /// Whether a message may still go: its run and its window may have ended while it waited, and its claim, too.
    async fn is_still_due(&mut self, ready: &Ready) -> bool {
        let now = self.context.clock.now();
        let is_over = ready.job.run.ends_at.is_some_and(|end| end <= now);
        if !is_over && !ready.job.run.is_halted() && self.context.node.holds() {
            return true;
        }
        give_back(&self.context, &ready.job, None).await;
        self.done_with(&ready.job);
        false
    }

    fn done_with(&mut self, job: &Arc<Taken>) {
        self.at_hand.retain(|held| !Arc::ptr_eq(held, job));
    }

    /// An open session for a message, unless its run is halted meanwhile.
    async fn session_for(&mut self, ready: &Ready) -> Result<OpenSession, NotOpened> {
        let ahead = self.ahead.take();
        let mut returned = false;
        let context = self.context.clone();
        let session = {
            let halted = until_halted(&context, Some(&ready.job), ahead.as_ref(), &mut returned);
            self.session(pin!(halted)).await
        };
        self.keep_ahead(ahead, returned);
        session
    }

    /// An open session; waits while the server takes no messages, until `given_up` completes.
    async fn session(&mut self, mut given_up: Pin<&mut impl Future<Output = ()>>) -> Result<OpenSession, NotOpened> {
        if let Some(session) = self.session.take_if(|session| session.announced().is_some()) {
            return Ok(session);
        }
        if !self.context.relay.is_fine() {
            // A server that wants to be left in peace is not held on to, and may think otherwise of a new session.
            tokio::select! {
                () = self.rest() => {}
                () = given_up.as_mut() => return Err(NotOpened::GivenUp),
            }
        }
        tokio::select! {
            () = self.context.relay.turn_to_send() => {}
            () = given_up.as_mut() => return Err(NotOpened::GivenUp),
            () = self.context.stopped() => return Err(NotOpened::GivenUp),
        }
        // A server may have closed a session that had nothing to do; that is nobody's failed attempt.
        if let Some(mut session) = self.session.take()
            && session.check_idle()
        {
            return Ok(session);
        }
        // It may take its time, and what was heard must not be lost with this process meanwhile.
        self.write();
        open_unless(&self.context, given_up).await
    }

    /// Keeps what is to go next, unless it was given back.
    fn keep_ahead(&mut self, ahead: Option<Ready>, returned: bool) {
        if returned && let Some(ahead) = &ahead {
            self.done_with(&ahead.job);
        }
        self.ahead = ahead.filter(|_| !returned);
    }

    /// Gives a job back that was not begun. In an outage it has an attempt, once.
    async fn let_go(&mut self, job: &Arc<Taken>, not_opened: NotOpened) {
        match not_opened {
            NotOpened::Outage(unreached) if job.claimed.outage_id != Some(unreached.outage) => {
                let outcome = outcome::unreached(&self.context, job, *unreached);
                self.pass_on(outcome).await;
            }
            NotOpened::Outage(_) | NotOpened::NotNow | NotOpened::GivenUp => give_back(&self.context, job, None).await,
        }
        self.done_with(job);
    }

    /// Hands a message over and passes on what became of it.
    async fn send(&mut self, mut session: OpenSession, ready: Ready) {
        // Nothing rides along with the last message of a session: it would be in the way of its answer.
        let is_last = session.is_at_its_last();
        let rides_alone = is_last || session.is_near_its_last_error();
        let ahead = if rides_alone { self.ahead.take() } else { self.next_ahead().await };
        let began = Instant::now();
        let outgoing = Outgoing { envelope: &ready.mail.envelope, body: &ready.mail.body };
        let record = HandedOver::of(&ready.job, self.context.clock.now());
        let (context, unwritten, handed_over) = (&self.context, &self.unwritten, &self.handed_over);
        let mut withdrawn = false;
        let before_dot = || {
            // Between the look before MAIL FROM and here a slow server may have taken minutes.
            let over = ready.job.run.ends_at.is_some_and(|end| end <= context.clock.now());
            if over || ready.job.run.is_halted() || !context.node.holds() {
                withdrawn = true;
                return Err(std::io::Error::other("the message was withdrawn"));
            }
            let mut before = lock(unwritten);
            context.journal.hand_over(before.as_ref(), record)?;
            *before = None;
            handed_over.store(true, Ordering::Relaxed);
            Ok(())
        };
        let next = ahead.as_ref().filter(|_| !rides_alone).map(|ready| &ready.mail.envelope);
        let mut returned = false;
        let sent = {
            let mut sending = pin!(session.send(&outgoing, next, before_dot));
            let mut at_hand = Some(&*ready.job);
            // Of the message before, as long as it waits to be written together with this one's first record.
            let mut waits = lock(unwritten).is_some();
            let mut waited = pin!(tokio::time::sleep(WRITTEN_WITHIN));
            loop {
                tokio::select! {
                    // First of all: an answer that has come counts.
                    biased;
                    sent = &mut sending => break Some(sent),
                    () = &mut waited, if waits => {
                        // The server takes its time.
                        write(context, unwritten);
                        waits = false;
                    }
                    () = until_halted(context, at_hand, ahead.as_ref().filter(|_| !returned), &mut returned) => {
                        // Nobody else polls the one that sets this: without it, no dot has been written.
                        if !handed_over.load(Ordering::Relaxed) {
                            break None;
                        }
                        at_hand = None;
                    }
                }
            }
        };
        self.keep_ahead(ahead, returned);
        let Some(sent) = sent else {
            // The server may take any time to say where it stands, and there is no way back in the middle: the session goes.
            drop(session);
            self.write();
            return self.let_go(&ready.job, NotOpened::GivenUp).await;
        };
        if sent.closed && session.was_only_ended(&sent) {
            // The message was not touched: another session, and no attempt.
            self.again = Some(ready);
            self.write();
            return session.quit().await;
        }
        session.went_on();
        let handed_over = self.handed_over.load(Ordering::Relaxed);
        let tls = session.stream().tls_version();
        // Behind one address there may be several servers, and a session that is kept would ask the same one each time.
        let is_slowed = session.is_slowed_by(&sent);
        let keeps = sent.usable && !is_last && !is_slowed && asks_for_rest(&sent).is_none()
            // The server waits for a message that was given back meanwhile.
            && !(returned && session.announced().is_some());
        let (mut settled, follow_up) =
            outcome::judge(&self.context, &ready.job, sent, outcome::Circumstances { began, tls, withdrawn });
        if handed_over {
            *self.unwritten() = Some(settled.clone());
        }
        if !follow_up.is_empty() {
            // The database may be held up, and what the server has said must not be lost with this process meanwhile.
            self.write();
            let outage = follow_up.record(&self.context, &ready.job).await;
            if let Some(attempt) = settled.attempt.as_mut().filter(|_| outage.is_some()) {
                attempt.outage = outage;
                *self.unwritten() = handed_over.then(|| settled.clone());
            }
        }
        self.pass_on(settled).await;
        self.handed_over.store(false, Ordering::Relaxed);
        self.done_with(&ready.job);
        if keeps {
            self.session = Some(session);
        } else {
            self.write();
            session.quit().await;
        }
    }

    fn unwritten(&mut self) -> &mut Option<Outcome> {
        self.unwritten.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the last outcome to the journal, if no message has taken it along.
    fn write(&self) {
        write(&self.context, &self.unwritten);
    }

    async fn pass_on(&mut self, outcome: Outcome) {
        if let Err(TrySendError::Full(outcome)) = self.context.outcomes.try_send(outcome) {
            // The wait may be long, and what the server has said must not be lost with this process.
            self.write();
            // The recorder outlives every loop that sends to it.
            let _ = self.context.outcomes.send(outcome).await;
        }
    }

    /// Settles what was at hand when something panicked. Whether a message that had been handed over was taken is not
    /// known; the others count as tried, so that one that always panics comes to an end.
    async fn after_panic(&mut self) {
        tracing::error!("a message could not be handled; its connection goes on");
        // What it is at is anyone's guess.
        self.session = None;
        (self.again, self.ahead) = (None, None);
        let handed_over = self.handed_over.swap(false, Ordering::Relaxed);
        for (place, job) in std::mem::take(&mut self.at_hand).into_iter().enumerate() {
            let outcome = outcome::panicked(&self.context, &job, handed_over && place == 0);
            self.pass_on(outcome).await;
        }
    }
}
