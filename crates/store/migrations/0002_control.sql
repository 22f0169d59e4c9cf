-- Control over what is being sent, nodes that share the work, and what is known of each attempt.

-- What becomes of deliveries of unknown fate: they are held, or sent again.
ALTER TABLE mailings ADD COLUMN on_unknown TEXT NOT NULL DEFAULT 'hold';
-- A disabled mailing does not fire (S-20).
ALTER TABLE mailings ADD COLUMN disabled_at BIGINT;
ALTER TABLE mailings ADD COLUMN disabled_reason TEXT NOT NULL DEFAULT '';

-- As the mailing had it when the run was made.
ALTER TABLE runs ADD COLUMN on_unknown TEXT NOT NULL DEFAULT 'hold';
-- Why it is paused: empty if a person has paused it, or else the mail server's words.
ALTER TABLE runs ADD COLUMN paused_by TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN paused_at BIGINT;
-- The right side of its Message-IDs, fixed with its first delivery: a mail keeps its id whatever is configured later.
ALTER TABLE runs ADD COLUMN mail_domain TEXT NOT NULL DEFAULT '';

-- Attempts that do not count against the retry policy: the server's trouble, not the recipient's.
ALTER TABLE deliveries ADD COLUMN excused BIGINT NOT NULL DEFAULT 0;
-- Claims hold as long as the node that made them lives.
DROP INDEX deliveries_leased;
ALTER TABLE deliveries DROP COLUMN leased_until;
CREATE INDEX deliveries_owner ON deliveries (owner) WHERE owner IS NOT NULL;

-- Follows from the run's key, the delivery and the run's domain.
ALTER TABLE attempts DROP COLUMN message_id;
-- Whether the mail server may have taken the message although nothing says so: a later attempt may be a copy.
ALTER TABLE attempts ADD COLUMN unknown BOOLEAN NOT NULL DEFAULT FALSE;
-- The version of TLS that it was spoken under; empty: none.
ALTER TABLE attempts ADD COLUMN tls TEXT NOT NULL DEFAULT '';
-- A code that is rare among a million is found as fast as one that is not.
DROP INDEX attempts_run;
CREATE INDEX attempts_code ON attempts (mailing_id, code, id);
-- Why deliveries failed is read from those that did.
CREATE INDEX deliveries_failed ON deliveries (run_id, id) WHERE state = 'failed';

DROP INDEX runs_open;
CREATE INDEX runs_open ON runs (state, begins_at) WHERE state IN ('planned', 'expanding', 'sending', 'paused', 'stopping');

-- Processes that send from this database.
CREATE TABLE nodes (
    id TEXT PRIMARY KEY,
    -- On the database's clock. Past it others take over what the node has claimed.
    alive_until BIGINT NOT NULL,
    -- Connections to the mail server that it may have open.
    connections BIGINT NOT NULL
);

-- How many recipients a person has: counting a million takes longer than the page that shows the number.
ALTER TABLE users ADD COLUMN recipients BIGINT NOT NULL DEFAULT 0;
UPDATE users SET recipients = (SELECT count(*) FROM recipients r WHERE r.owner_id = users.id);

-- How far the messages of a lane are handed out in time, for limits that nodes share.
CREATE TABLE paces (
    lane {key} PRIMARY KEY,
    -- Microseconds, on the database's clock: when the next message may go.
    next_at BIGINT NOT NULL
);
