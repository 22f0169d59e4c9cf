-- The address that a person wants in place of theirs, until the link in a letter proves that they read mail there.

CREATE TABLE new_addresses (
    user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    -- When its link ends.
    expires_at BIGINT NOT NULL
);

-- What a person has done is part of what they can take with them.
CREATE INDEX audit_actor ON audit (actor_id, id);
