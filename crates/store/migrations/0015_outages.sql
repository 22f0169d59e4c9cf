-- Times in which a mail server took no mail. They are kept after they are over, so that the runs that waited can say why.
CREATE TABLE outages (
    id {identity},
    -- `host:port`.
    server TEXT NOT NULL,
    -- The name of an `OutageKind`.
    kind TEXT NOT NULL,
    since BIGINT NOT NULL,
    -- When it was last found so. What nobody has looked at since then nobody knows.
    seen_at BIGINT NOT NULL,
    -- NULL: it goes on.
    ended_at BIGINT,
    -- What was found last, as in `attempts`.
    error_kind TEXT NOT NULL,
    error_args TEXT NOT NULL,
    code BIGINT,
    enhanced TEXT,
    reply TEXT NOT NULL,
    phase TEXT NOT NULL
);
-- Whatever several nodes find at once is one outage.
CREATE UNIQUE INDEX outages_open ON outages (server) WHERE ended_at IS NULL;
CREATE INDEX outages_ended ON outages (ended_at);

-- The runs that had something to send meanwhile.
CREATE TABLE run_outages (
    run_id BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    outage_id BIGINT NOT NULL REFERENCES outages (id) ON DELETE CASCADE,
    PRIMARY KEY (run_id, outage_id)
){clustered};
CREATE INDEX run_outages_outage ON run_outages (outage_id);

DROP TABLE troubles;

-- What happened, as the id of a sentence and its arguments (JSON); `reply` has only the server's own words. Attempts from
-- before have their words, in English, in `reply`.
ALTER TABLE attempts ADD COLUMN error_kind TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN error_args TEXT NOT NULL DEFAULT '';
ALTER TABLE letters ADD COLUMN error_kind TEXT NOT NULL DEFAULT '';
ALTER TABLE letters ADD COLUMN error_args TEXT NOT NULL DEFAULT '';
-- The outage that it was made in. No reference: the attempt has the error itself and outlives the outage.
ALTER TABLE attempts ADD COLUMN outage_id BIGINT;
-- The last outage that the delivery has an attempt of: it gets no second one.
ALTER TABLE deliveries ADD COLUMN outage_id BIGINT;
-- How many of its excused attempts never reached the server.
ALTER TABLE deliveries ADD COLUMN unreached BIGINT NOT NULL DEFAULT 0;

-- Answers that are told apart by what happened, too, where there was no reply.
CREATE TABLE run_replies_by_error (
    run_id BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    reason TEXT NOT NULL,
    -- 0: there was no reply. -1: all others of this reason together.
    code BIGINT NOT NULL,
    -- Empty: none.
    enhanced {key} NOT NULL,
    -- As in `attempts`, with the arguments of one of them.
    error_kind {key} NOT NULL,
    error_args TEXT NOT NULL,
    -- Attempts that ended so.
    attempts BIGINT NOT NULL,
    -- Deliveries in these states whose last attempt did.
    failed BIGINT NOT NULL,
    expired BIGINT NOT NULL,
    unknown BIGINT NOT NULL,
    -- The server's words, once.
    reply TEXT NOT NULL,
    PRIMARY KEY (run_id, reason, code, enhanced, error_kind)
){clustered};
INSERT INTO run_replies_by_error (run_id, reason, code, enhanced, error_kind, error_args, attempts, failed, expired,
        unknown, reply)
    SELECT run_id, reason, code, enhanced, '', '', attempts, failed, expired, unknown, reply FROM run_replies;
DROP TABLE run_replies;
ALTER TABLE run_replies_by_error RENAME TO run_replies;
