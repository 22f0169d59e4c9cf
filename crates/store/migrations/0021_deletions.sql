-- What is deleted step by step because it is large: how far it has come, for the process that goes on with it and for the
-- page that shows it.
CREATE TABLE deletions (
    id {identity},
    -- Who wants it deleted.
    owner_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- `recipients` or `mailing`.
    kind TEXT NOT NULL,
    -- The mailing's name, or the words by which recipients were searched; empty: all recipients.
    name TEXT NOT NULL,
    -- Where a mailing's rows are until they are erased: an account that counts as deleted. No reference: it is erased, too.
    account_id BIGINT,
    -- Recipients after the first id and up to the second are still to be looked at.
    position BIGINT NOT NULL DEFAULT 0,
    last_id BIGINT NOT NULL DEFAULT 0,
    -- Rows that there were to delete, and that are deleted.
    total BIGINT NOT NULL,
    deleted BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    -- NULL: it goes on.
    finished_at BIGINT
);
CREATE INDEX deletions_owner ON deletions (owner_id, id);
CREATE INDEX deletions_open ON deletions (id) WHERE finished_at IS NULL;
CREATE INDEX deletions_account ON deletions (account_id) WHERE account_id IS NOT NULL;
