-- What was typed is neither lost nor taken twice.

-- The first sending as it was typed, a local time in the mailing's zone: a change of the clocks may skip it. NULL with a
-- start: the time of `starts_at` there.
ALTER TABLE mailings ADD COLUMN starts_local TEXT;

-- Rises whenever someone changes the fields: a form that shows an older version does not overwrite the newer one.
ALTER TABLE mailings ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE messages ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

-- When the run was made: the time to undo counts from then. The occurrence may have passed long before.
ALTER TABLE runs ADD COLUMN planned_at BIGINT NOT NULL DEFAULT 0;
UPDATE runs SET planned_at = occurrence_at;

-- Forms that have created something, so that the same form sent twice creates it once.
CREATE TABLE submitted_forms (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- SHA-256 of the address and the body, in which the form's own random number stands.
    hash TEXT NOT NULL,
    -- The id of what it created.
    result BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, hash)
);
CREATE INDEX submitted_forms_age ON submitted_forms (created_at);

-- Forms that came after their session had ended, until their user has signed in again.
CREATE TABLE kept_forms (
    id {identity},
    -- SHA-256 of the cookie of the browser that sent it.
    browser TEXT NOT NULL,
    -- Who typed it.
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The page of the form.
    path TEXT NOT NULL,
    -- Bytes of the body.
    size BIGINT NOT NULL,
    -- The fields, as they were sent.
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
-- Sums of sizes are read from it alone.
CREATE INDEX kept_forms_user ON kept_forms (user_id, id, size);
CREATE INDEX kept_forms_age ON kept_forms (created_at);
