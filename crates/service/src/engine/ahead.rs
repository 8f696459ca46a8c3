//! Groups that are under way: worked out from what is in memory, sent to the store, and not settled yet.
//!
//! The next one is worked out on what those before it leave, and sent behind them, so that the database need not wait for
//! the engine. It writes only if those before it did: where one fails, all behind it fail as well. Then the memory is
//! worth nothing; the database is asked, and all of them are run again in their order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::about::About;
use super::group::{self, FromMemory};
use super::{Engine, Place, failure};
use crate::answer::{Answer, Request};
use crate::bus::{Job, Work};
use crate::queue::Receiver;
use crate::store::{Changes, Store, StoreError};

/// How many groups are under way at the most: one that the database works on, and one for it to go on with.
const MOST: usize = 2;

/// Jobs that are carried out together.
pub(super) struct Group {
    pub(super) requests: Vec<Request>,
    pub(super) origins: Vec<Place>,
    pub(super) span: tracing::Span,
    callers: Vec<Caller>,
}

/// Who waits for answers, and for how many.
enum Caller {
    One(oneshot::Sender<Answer>),
    Several(usize, oneshot::Sender<Vec<Answer>>),
}

impl Group {
    /// Of these jobs, which have so many commands.
    pub(super) fn of(jobs: Vec<Job>, count: usize) -> Self {
        let mut group = Self {
            requests: Vec::with_capacity(count),
            origins: Vec::new(),
            span: tracing::trace_span!(target: "landfall::trace", "group", commands = count),
            callers: Vec::with_capacity(jobs.len()),
        };
        for job in jobs {
            if !group.span.is_disabled() {
                group.span.follows_from(job.span.id());
            }
            let first = group.requests.len();
            let places = first..first + job.count();
            group
                .origins
                .extend(job.origin.map(|origin| (places, origin)));
            group.callers.push(match job.work {
                Work::One(request, reply) => {
                    group.requests.push(request);
                    Caller::One(reply)
                }
                Work::Several(requests, reply) => {
                    let count = requests.len();
                    group.requests.extend(requests);
                    Caller::Several(count, reply)
                }
            });
        }
        group
    }

    /// Gives every caller its answers.
    pub(super) fn answer(self, answers: Vec<Answer>) {
        let mut answers = answers.into_iter();
        for caller in self.callers {
            // A caller that has gone away does not want its answers; what was committed stays so.
            match caller {
                Caller::One(reply) => {
                    if let Some(answer) = answers.next() {
                        drop(reply.send(answer));
                    }
                }
                Caller::Several(count, reply) => {
                    drop(reply.send(answers.by_ref().take(count).collect()));
                }
            }
        }
    }
}

/// A group that was sent, and what will be said of it.
struct Sent {
    group: Group,
    answers: Vec<Answer>,
    changes: Arc<Changes>,
    /// The commit, in traces.
    span: tracing::Span,
    started: Instant,
    since: Instant,
}

/// The groups that are under way, the oldest first.
#[derive(Default)]
pub(super) struct UnderWay {
    sent: VecDeque<Sent>,
}

impl UnderWay {
    pub(super) fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }
}

/// What happens first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    /// The oldest group is decided.
    Decision,
    /// There is enough for another group.
    Jobs,
}

impl<S: Store> Engine<S> {
    /// Works a group out and sends it, where nothing has to be read for it. Else it is given back.
    pub(super) fn send(&mut self, group: Group, under_way: &mut UnderWay) -> Result<(), Group> {
        // A very long one is cut into several, which is not for here.
        let long = group.requests.len() > 2 * self.limits.group;
        if long || !self.store.is_alone() || !self.luck.tries() {
            return Err(group);
        }
        let started = Instant::now();
        let worked_out = group
            .span
            .in_scope(|| group::work_out(&mut self.uow, &group.requests, &self.calendar));
        match worked_out {
            FromMemory::Done {
                answers,
                changes,
                access_version,
                until,
            } => {
                let events = changes.events.len();
                let span = tracing::trace_span!(
                    target: "landfall::trace", parent: &group.span, "commit", events
                );
                let since = Instant::now();
                let sent = Arc::clone(&changes);
                self.store.send(sent, access_version, until);
                under_way.sent.push_back(Sent {
                    group,
                    answers,
                    changes,
                    span,
                    started,
                    since,
                });
                Ok(())
            }
            FromMemory::Unfit => Err(group),
            FromMemory::InVain => {
                self.luck.missed();
                Err(group)
            }
        }
    }

    /// Waits until the oldest group is decided, or until there are as many jobs as in the youngest: a group that is sent
    /// earlier would be a small one.
    pub(super) async fn comes_first(&mut self, under_way: &UnderWay, queue: &Receiver) -> First {
        let youngest = under_way.sent.back();
        let jobs = youngest.map_or(1, |sent| sent.group.callers.len());
        let may_come = under_way.sent.len() < MOST && !self.forgets_now();
        tokio::select! {
            biased;
            () = self.store.decided() => First::Decision,
            () = queue.reaches(jobs), if may_come => First::Jobs,
        }
    }

    /// Finds out what became of the oldest group. If it was committed, its callers may have their answers. If not, it is
    /// run again with all that were sent behind it, and answered.
    pub(super) async fn settle(
        &mut self,
        under_way: &mut UnderWay,
    ) -> Option<(Group, Vec<Answer>)> {
        let oldest = under_way.sent.pop_front()?;
        let error = match self.store.settle().await {
            Ok(()) => return Some(self.committed(oldest)),
            Err(error) => error,
        };
        self.uow.reset();
        self.luck.missed();
        self.stats.fail(&error);
        let mut again = vec![(oldest.group, error)];
        while let Some(next) = under_way.sent.pop_front() {
            match self.store.settle().await {
                // What became of the one before it is not known to us, but it was.
                Ok(()) => {
                    let (group, answers) = self.committed(next);
                    group.answer(answers);
                }
                Err(error) => again.push((next.group, error)),
            }
        }
        for (group, error) in again {
            let about = About {
                group: &group.requests,
                first: 0,
                origins: &group.origins,
            };
            let conflict = matches!(error, StoreError::Conflict);
            about.not_committed(&error, 0, conflict);
            if conflict {
                self.commit(group).await;
            } else {
                let failure = failure(error);
                let answers = group.requests.iter().map(|_| Err(failure.clone()));
                let answers = answers.collect();
                group.answer(answers);
            }
        }
        None
    }

    /// Counts a group that was committed.
    fn committed(&mut self, sent: Sent) -> (Group, Vec<Answer>) {
        drop(sent.span);
        let group = sent.group;
        self.stats.commit_micros.add_time(sent.since.elapsed());
        self.stats.group_micros.add_time(sent.started.elapsed());
        self.stats.group_size.add(group.requests.len() as u64);
        let events = &sent.changes.events;
        group::count(&self.stats, &group.requests, &sent.answers, events);
        self.committed.send_replace(());
        self.luck.hit();
        (group, sent.answers)
    }
}
