-- The common dialect of SQLite and PostgreSQL. {identity}, {key} (a text that is compared byte by byte) and {blob} stand
-- for what differs.
-- Times are Unix milliseconds. Names of states are those of the enums in `model`.

CREATE TABLE users (
    id {identity},
    email TEXT NOT NULL,
    -- The comparison form of the address (trimmed, lower case, IDNA): one account each.
    email_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    language TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    theme TEXT NOT NULL,
    confirmed_at BIGINT,
    created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    id {identity},
    -- SHA-256 of the cookie.
    hash TEXT NOT NULL UNIQUE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE tokens (
    id {identity},
    -- SHA-256 of what stands in the link.
    hash TEXT NOT NULL UNIQUE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX tokens_user ON tokens (user_id, purpose);

CREATE TABLE recipients (
    id {identity},
    owner_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    email_key {key} NOT NULL,
    domain TEXT NOT NULL,
    full_name TEXT NOT NULL,
    -- The full name in lower case, to search in and to order by on both databases alike.
    name_key {key} NOT NULL,
    comment TEXT NOT NULL,
    -- The comment in lower case, to search in.
    comment_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (owner_id, email_key)
);
CREATE INDEX recipients_owner ON recipients (owner_id, id);
CREATE INDEX recipients_owner_name ON recipients (owner_id, name_key, id);

CREATE TABLE messages (
    id {identity},
    owner_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    subject TEXT NOT NULL,
    html TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX messages_owner ON messages (owner_id, id);

CREATE TABLE mailings (
    id {identity},
    owner_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    message_id BIGINT NOT NULL REFERENCES messages (id),
    audience TEXT NOT NULL,
    starts_at BIGINT,
    ends_at BIGINT,
    periodicity TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    status TEXT NOT NULL,
    -- When the scheduler fires it next.
    next_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX mailings_owner ON mailings (owner_id, id);
CREATE INDEX mailings_message ON mailings (message_id);
CREATE INDEX mailings_next ON mailings (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE mailing_recipients (
    mailing_id BIGINT NOT NULL REFERENCES mailings (id) ON DELETE CASCADE,
    recipient_id BIGINT NOT NULL REFERENCES recipients (id) ON DELETE CASCADE,
    PRIMARY KEY (mailing_id, recipient_id)
);
CREATE INDEX mailing_recipients_recipient ON mailing_recipients (recipient_id);

CREATE TABLE runs (
    id {identity},
    mailing_id BIGINT NOT NULL REFERENCES mailings (id) ON DELETE CASCADE,
    owner_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    occurrence_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    begins_at BIGINT NOT NULL,
    ends_at BIGINT,
    key TEXT NOT NULL,
    audience TEXT NOT NULL,
    -- The last recipient that has its delivery, while the run is expanding.
    expanded_to BIGINT NOT NULL DEFAULT 0,
    started_at BIGINT,
    finished_at BIGINT,
    recipients BIGINT NOT NULL DEFAULT 0,
    sent BIGINT NOT NULL DEFAULT 0,
    failed BIGINT NOT NULL DEFAULT 0,
    expired BIGINT NOT NULL DEFAULT 0,
    skipped BIGINT NOT NULL DEFAULT 0,
    unknown BIGINT NOT NULL DEFAULT 0,
    cancelled BIGINT NOT NULL DEFAULT 0,
    attempts_ok BIGINT NOT NULL DEFAULT 0,
    attempts_failed BIGINT NOT NULL DEFAULT 0,
    -- What is sent, fixed when the run was made. Behind the figures, which are read far more often.
    subject TEXT NOT NULL,
    html TEXT NOT NULL,
    text TEXT NOT NULL,
    -- Whoever else fires the same occurrence finds it taken.
    UNIQUE (mailing_id, occurrence_at)
);
CREATE INDEX runs_owner ON runs (owner_id, id);
CREATE INDEX runs_open ON runs (state, begins_at) WHERE state IN ('planned', 'expanding', 'sending');

CREATE TABLE deliveries (
    id {identity},
    run_id BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    -- No reference: the ledger outlives the recipient.
    recipient_id BIGINT NOT NULL,
    email TEXT NOT NULL,
    state TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    -- Who has claimed it, which claim it is, and until when the claim holds.
    owner TEXT,
    epoch BIGINT NOT NULL DEFAULT 0,
    leased_until BIGINT,
    UNIQUE (run_id, recipient_id)
);
-- Exactly the claim's WHERE and ORDER BY; without the id PostgreSQL claims ten times slower.
CREATE INDEX deliveries_due ON deliveries (run_id, due_at, id) WHERE state = 'pending';
CREATE INDEX deliveries_leased ON deliveries (leased_until) WHERE state = 'leased';

CREATE TABLE attempts (
    id {identity},
    delivery_id BIGINT NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    run_id BIGINT NOT NULL,
    mailing_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    successful BOOLEAN NOT NULL,
    code BIGINT,
    enhanced TEXT,
    reply TEXT NOT NULL,
    phase TEXT NOT NULL,
    server TEXT NOT NULL,
    duration_ms BIGINT NOT NULL,
    message_id TEXT NOT NULL,
    -- The result of a claim that had been taken over meanwhile: kept, and not counted.
    stale BOOLEAN NOT NULL
);
CREATE INDEX attempts_mailing ON attempts (mailing_id, id);
CREATE INDEX attempts_run ON attempts (run_id, code);
CREATE INDEX attempts_delivery ON attempts (delivery_id);

-- Letters of the service itself: confirmation, recovery, test sends.
CREATE TABLE letters (
    id {identity},
    user_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    recipient_name TEXT NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    html TEXT NOT NULL,
    key TEXT NOT NULL,
    state TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    reply TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL
);
CREATE INDEX letters_due ON letters (due_at, id) WHERE state = 'pending';
CREATE INDEX letters_user ON letters (user_id, id);

-- Files of recipients that are being or have been read in.
CREATE TABLE imports (
    id {identity},
    owner_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    file_name TEXT NOT NULL,
    state TEXT NOT NULL,
    -- Bytes of the file, and how many of them have been read.
    size BIGINT NOT NULL,
    position BIGINT NOT NULL DEFAULT 0,
    added BIGINT NOT NULL DEFAULT 0,
    updated BIGINT NOT NULL DEFAULT 0,
    rejected BIGINT NOT NULL DEFAULT 0,
    -- Why the file as a whole could not be taken: a problem with its arguments.
    problem TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX imports_owner ON imports (owner_id, id);

CREATE TABLE import_rejects (
    id {identity},
    import_id BIGINT NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    line BIGINT NOT NULL,
    email TEXT NOT NULL,
    problem TEXT NOT NULL
);
CREATE INDEX import_rejects_import ON import_rejects (import_id, id);

-- What the built-in mail catcher took.
CREATE TABLE caught (
    id {identity},
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    raw {blob} NOT NULL,
    caught_at BIGINT NOT NULL
);

-- Mail servers that take no connections at the moment, with the reason, so that every page can say so.
CREATE TABLE troubles (
    server TEXT PRIMARY KEY,
    error TEXT NOT NULL,
    since BIGINT NOT NULL
);
