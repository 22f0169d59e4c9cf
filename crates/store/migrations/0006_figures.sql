-- Figures of mailings by quarters of an hour, so that a report need not read every attempt; what people search in, in
-- lower case. {clustered} has SQLite keep a table's rows in the order of their key.

-- When it came to its state, if that is a final one.
ALTER TABLE deliveries ADD COLUMN ended_at BIGINT;
UPDATE deliveries SET ended_at = COALESCE(
    CASE WHEN state IN ('sent', 'failed', 'unknown') THEN
        (SELECT max(a.at) FROM attempts a WHERE a.delivery_id = deliveries.id AND NOT a.stale) END,
    (SELECT COALESCE(u.finished_at, u.ends_at, u.begins_at) FROM runs u WHERE u.id = deliveries.run_id))
WHERE state NOT IN ('pending', 'leased');

-- What the ledger says of each mailing, quarter by quarter. A quarter of an hour divides the offset of every time zone
-- in use, so that a day is made of whole ones, whoever looks at it.
CREATE TABLE figures (
    -- The mailing's: what a person did in a span of time lies together.
    owner_id BIGINT NOT NULL,
    -- When the quarter begins.
    quarter BIGINT NOT NULL,
    mailing_id BIGINT NOT NULL REFERENCES mailings (id) ON DELETE CASCADE,
    -- Attempts that ended in it.
    attempts_ok BIGINT NOT NULL,
    attempts_failed BIGINT NOT NULL,
    -- Deliveries that came to these states in it, and are in them still.
    sent BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    expired BIGINT NOT NULL,
    skipped BIGINT NOT NULL,
    unknown BIGINT NOT NULL,
    cancelled BIGINT NOT NULL,
    PRIMARY KEY (owner_id, quarter, mailing_id)
){clustered};
CREATE INDEX figures_mailing ON figures (mailing_id);
INSERT INTO figures
    SELECT m.owner_id, quarter, mailing_id, CAST(sum(attempts_ok) AS BIGINT), CAST(sum(attempts_failed) AS BIGINT),
        CAST(sum(sent) AS BIGINT), CAST(sum(failed) AS BIGINT), CAST(sum(expired) AS BIGINT),
        CAST(sum(skipped) AS BIGINT), CAST(sum(unknown) AS BIGINT), CAST(sum(cancelled) AS BIGINT)
    FROM (
        SELECT mailing_id, at - at % 900000 AS quarter, CASE WHEN successful THEN 1 ELSE 0 END AS attempts_ok,
            CASE WHEN successful THEN 0 ELSE 1 END AS attempts_failed, 0 AS sent, 0 AS failed, 0 AS expired,
            0 AS skipped, 0 AS unknown, 0 AS cancelled
        FROM attempts WHERE NOT stale
        UNION ALL
        SELECT u.mailing_id, d.ended_at - d.ended_at % 900000, 0, 0, CASE d.state WHEN 'sent' THEN 1 ELSE 0 END,
            CASE d.state WHEN 'failed' THEN 1 ELSE 0 END, CASE d.state WHEN 'expired' THEN 1 ELSE 0 END,
            CASE d.state WHEN 'skipped' THEN 1 ELSE 0 END, CASE d.state WHEN 'unknown' THEN 1 ELSE 0 END,
            CASE d.state WHEN 'cancelled' THEN 1 ELSE 0 END
        FROM deliveries d JOIN runs u ON u.id = d.run_id WHERE d.state NOT IN ('pending', 'leased')
    ) AS ledger JOIN mailings m ON m.id = mailing_id
    GROUP BY m.owner_id, quarter, mailing_id;

-- In lower case, to search in: SQLite's own lower() knows ASCII only.
ALTER TABLE mailings ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
ALTER TABLE caught ADD COLUMN subject_key TEXT NOT NULL DEFAULT '';
-- Who did it, a line break, and what it was done to.
ALTER TABLE audit ADD COLUMN search_key TEXT NOT NULL DEFAULT '';

-- What a migration leaves to be done by the program, right after it: see `after_migration`.
CREATE TABLE unfinished (
    step TEXT PRIMARY KEY
);
INSERT INTO unfinished (step) VALUES ('search_keys');
