-- A second factor at login: codes of an app (RFC 6238), and recovery codes for when the app is gone.

-- Since when it is asked for.
ALTER TABLE users ADD COLUMN second_factor_at BIGINT;

-- Apart from the people, so that whoever reads a person does not read the secret.
CREATE TABLE second_factors (
    user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    -- What the app and the service share, in Base32.
    secret TEXT NOT NULL,
    -- The newest time step of which a code was taken: it is taken once, and none that is older.
    last_step BIGINT NOT NULL
);

-- Secrets that were shown and not proved by a code yet. They belong to the session in which the password was given.
CREATE TABLE second_factor_offers (
    user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    session_id BIGINT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    secret TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX second_factor_offers_session ON second_factor_offers (session_id);

CREATE TABLE recovery_codes (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- SHA-256 of the code with the person's number.
    hash TEXT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (user_id, hash)
);

-- Browsers at which the password was right and the second factor is still to come.
CREATE TABLE half_logins (
    -- SHA-256 of the cookie.
    hash TEXT PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
);
CREATE INDEX half_logins_user ON half_logins (user_id);
