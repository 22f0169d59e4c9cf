-- What came of each run by recipients' domain and by servers' answers, made from the ledger when the run is over and,
-- now and then, while it goes on. What a report needs of a million deliveries is some hundreds of rows.

CREATE TABLE run_summaries (
    run_id BIGINT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    -- NULL: it is being made for the first time.
    made_at BIGINT,
    -- How much had happened in the run by then: deliveries that were over, and attempts.
    counted BIGINT NOT NULL,
    -- Until then a process has taken it upon itself.
    taken_until BIGINT NOT NULL
);

CREATE TABLE run_domains (
    run_id BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    -- Empty: all others together.
    domain {key} NOT NULL,
    sent BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    expired BIGINT NOT NULL,
    skipped BIGINT NOT NULL,
    unknown BIGINT NOT NULL,
    cancelled BIGINT NOT NULL,
    PRIMARY KEY (run_id, domain)
){clustered};

CREATE TABLE run_replies (
    run_id BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    reason TEXT NOT NULL,
    -- 0: there was no reply. -1: all others of this reason together.
    code BIGINT NOT NULL,
    -- Empty: none.
    enhanced {key} NOT NULL,
    -- Attempts that ended so.
    attempts BIGINT NOT NULL,
    -- Deliveries in these states whose last attempt did.
    failed BIGINT NOT NULL,
    expired BIGINT NOT NULL,
    unknown BIGINT NOT NULL,
    -- The server's words, once.
    reply TEXT NOT NULL,
    PRIMARY KEY (run_id, reason, code, enhanced)
){clustered};

-- The end that its summary is of: a run that went on and is over again has another one.
ALTER TABLE runs ADD COLUMN summed_for BIGINT;
CREATE INDEX runs_unsummed ON runs (id)
    WHERE state IN ('completed', 'cancelled') AND (summed_for IS NULL OR summed_for <> finished_at);
CREATE INDEX runs_started ON runs (owner_id, started_at);
