//! The processes that send from one database. Each tells every few seconds that it lives; one that has not done so
//! until the end of its lease is gone, and others take over what it had claimed. All of this is on the database's
//! clock, and on PostgreSQL alone: from an embedded database one process sends.

use std::time::Duration;

use crate::db::{Db, Result};

/// Whoever shares connections out does so alone.
const SHARING: i64 = 0x7665_7374_6e69_6b01;

/// What a node has after a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Nodes that live, this one included.
    pub nodes: usize,
    /// This one's place among them, from 0.
    pub rank: usize,
    /// How many connections to the mail server it may have.
    pub connections: usize,
}

impl Share {
    /// The only node has everything.
    pub fn whole(connections: usize) -> Self {
        Self { nodes: 1, rank: 0, connections }
    }

    /// This node's part of something that all nodes share.
    pub fn of(&self, total: usize) -> usize {
        total / self.nodes + usize::from(self.rank < total % self.nodes)
    }
}

#[derive(sqlx::FromRow)]
struct Node {
    id: String,
    alive_until: i64,
    connections: i64,
}

/// Tells that a node lives, for `lease` from now on, and shares `limit` connections out anew. `open` is how many it has:
/// none of them is another's before it is closed. A node that is not in the table comes in if `new`.
///
/// `None`: the node was taken for dead, and what it had claimed is no longer its own.
pub async fn beat(db: &Db, id: &str, new: bool, lease: Duration, limit: usize, open: usize) -> Result<Option<Share>> {
    let now = db.micros().await? / 1_000;
    let alive_until = now + i64::try_from(lease.as_millis()).unwrap_or(i64::MAX / 2);
    let mut tx = db.begin().await?;
    tx.lock(SHARING).await?;
    if new {
        tx.execute(
            "INSERT INTO nodes (id, alive_until, connections) VALUES ($1, $2, 0) ON CONFLICT (id) DO NOTHING",
            &[&id, &alive_until],
        )
        .await?;
    }
    let nodes: Vec<Node> = tx.fetch_all("SELECT id, alive_until, connections FROM nodes ORDER BY id", &[]).await?;
    let alive: Vec<&Node> = nodes.iter().filter(|node| node.id == id || node.alive_until > now).collect();
    let Some(rank) = alive.iter().position(|node| node.id == id) else { return Ok(None) };
    let mut share = Share { nodes: alive.len(), rank, connections: 0 };
    // A node that is gone may have its connections open until it is taken over.
    let others: i64 = nodes.iter().filter(|node| node.id != id).map(|node| node.connections).sum();
    let left = limit.saturating_sub(usize::try_from(others).unwrap_or(usize::MAX));
    share.connections = share.of(limit).min(left);
    let occupied = i64::try_from(share.connections.max(open)).unwrap_or(i64::MAX);
    let touched = tx
        .execute("UPDATE nodes SET alive_until = $1, connections = $2 WHERE id = $3", &[&alive_until, &occupied, &id])
        .await?;
    tx.commit().await?;
    // Whoever takes nodes out does not wait for the lock.
    Ok((touched > 0).then_some(share))
}

/// Takes a node out: it has ended well, or its journal is being replayed.
pub async fn remove(db: &Db, id: &str) -> Result<()> {
    db.execute("DELETE FROM nodes WHERE id = $1", &[&id]).await?;
    Ok(())
}

/// Takes the other nodes out whose lease is over; answers how many.
pub async fn remove_dead(db: &Db, except: &str) -> Result<u64> {
    let now = db.micros().await? / 1_000;
    db.execute("DELETE FROM nodes WHERE alive_until <= $1 AND id <> $2", &[&now, &except]).await
}

/// How many nodes live, and how many are gone and not taken over yet.
pub async fn count(db: &Db) -> Result<(i64, i64)> {
    let now = db.micros().await? / 1_000;
    let sql =
        "SELECT count(CASE WHEN alive_until > $1 THEN 1 END), count(CASE WHEN alive_until <= $1 THEN 1 END) FROM nodes";
    db.fetch_one(sql, &[&now]).await
}

/// Whether any node lives.
pub async fn any_lives(db: &Db) -> Result<bool> {
    let now = db.micros().await? / 1_000;
    let (lives,): (bool,) = db.fetch_one("SELECT EXISTS (SELECT 1 FROM nodes WHERE alive_until > $1)", &[&now]).await?;
    Ok(lives)
}

/// Whether anything is still claimed under this node's name.
pub async fn has_claims(db: &Db, id: &str) -> Result<bool> {
    let (has,): (bool,) =
        db.fetch_one("SELECT EXISTS (SELECT 1 FROM deliveries WHERE owner = $1 AND state = 'leased')", &[&id]).await?;
    Ok(has)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        for total in 0..20 {
            for nodes in 1..6 {
                let sum: usize = (0..nodes).map(|rank| Share { nodes, rank, connections: 0 }.of(total)).sum();
                assert_eq!(sum, total);
            }
        }
    }
}
