//! Jobs that wait, with fair turns: between users, and between the runs of a user. Ten letters need not wait for a
//! million, and who has many mailings gets no more than who has one.

use std::collections::VecDeque;

use vestnik_model::id::{RunId, UserId};

use crate::queue::Job;

/// The jobs of one run.
struct Line {
    run: RunId,
    jobs: VecDeque<Job>,
}

/// The runs of one user; the one at the front has the next turn.
struct Lines {
    owner: UserId,
    lines: VecDeque<Line>,
}

/// See the module. The user at the front has the next turn.
#[derive(Default)]
pub struct Turns {
    users: VecDeque<Lines>,
    length: usize,
}

impl Turns {
    /// How many jobs wait.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Adds a job at the end of its run's line.
    pub fn push(&mut self, job: Job) {
        let (owner, run) = (job.run.owner, job.run.id);
        let user = self.users.iter().position(|lines| lines.owner == owner).unwrap_or_else(|| {
            self.users.push_back(Lines { owner, lines: VecDeque::new() });
            self.users.len() - 1
        });
        let lines = &mut self.users[user].lines;
        let line = lines.iter().position(|line| line.run == run).unwrap_or_else(|| {
            lines.push_back(Line { run, jobs: VecDeque::new() });
            lines.len() - 1
        });
        lines[line].jobs.push_back(job);
        self.length += 1;
    }

    /// The job whose turn it is, of those that may go. Who is passed over has the next turn.
    pub fn take(&mut self, may_go: impl Fn(&Job) -> bool) -> Option<Job> {
        let first_to_go = |user: &Lines| user.lines.iter().position(|line| line.jobs.front().is_some_and(&may_go));
        let (at, line) = self.users.iter().enumerate().find_map(|(at, user)| Some((at, first_to_go(user)?)))?;
        let mut user = self.users.remove(at)?;
        let mut line = user.lines.remove(line)?;
        let job = line.jobs.pop_front();
        if !line.jobs.is_empty() {
            user.lines.push_back(line);
        }
        if !user.lines.is_empty() {
            self.users.push_back(user);
        }
        self.length -= usize::from(job.is_some());
        job
    }

    /// How many jobs of these owners wait.
    pub fn of(&self, owners: impl Fn(UserId) -> bool) -> usize {
        let theirs = self.users.iter().filter(|user| owners(user.owner));
        theirs.flat_map(|user| &user.lines).map(|line| line.jobs.len()).sum()
    }

    /// Whether jobs of this run wait.
    pub fn has(&self, run: RunId) -> bool {
        self.users.iter().flat_map(|user| &user.lines).any(|line| line.run == run)
    }

    /// Takes the jobs of these runs away.
    pub fn remove(&mut self, runs: &[RunId]) -> Vec<Job> {
        let mut removed = Vec::new();
        for user in &mut self.users {
            for line in &mut user.lines {
                if runs.contains(&line.run) {
                    removed.extend(line.jobs.drain(..));
                }
            }
            user.lines.retain(|line| !line.jobs.is_empty());
        }
        self.users.retain(|user| !user.lines.is_empty());
        self.length -= removed.len();
        removed
    }

    /// Takes all jobs away.
    pub fn clear(&mut self) -> Vec<Job> {
        self.length = 0;
        self.users.drain(..).flat_map(|user| user.lines).flat_map(|line| line.jobs).collect()
    }
}
