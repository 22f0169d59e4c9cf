-- Who may read caught mail, how an address was confirmed, browsers that an account is known at, and secrets that are
-- stored encrypted.

-- Whose caught mail is: the owner of the run, or the account that a system email is for. Empty: nobody's, so that only
-- administrators see it. That is also what becomes of mail that was caught before.
ALTER TABLE caught ADD COLUMN owner_id BIGINT REFERENCES users (id) ON DELETE CASCADE;
-- The run that it was sent by. No reference: caught mail outlives a mailing.
ALTER TABLE caught ADD COLUMN run_id BIGINT;
-- Made by the demo, and shown to whoever sits at this machine without signing in.
ALTER TABLE caught ADD COLUMN public BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX caught_owner ON caught (owner_id, id);
CREATE INDEX caught_run ON caught (run_id) WHERE run_id IS NOT NULL;
-- The catcher finds the system email by its key, which is in the Message-ID.
CREATE INDEX letters_key ON letters (key);

-- Whether an email with the link went into the catcher: what the link proves, it proves to the catcher alone.
ALTER TABLE tokens ADD COLUMN caught BOOLEAN NOT NULL DEFAULT FALSE;
-- Whether the address was confirmed by such a link. It is confirmed again when a mail server is set.
ALTER TABLE users ADD COLUMN confirmed_by_catcher BOOLEAN NOT NULL DEFAULT FALSE;
-- Of accounts that are there, it is known only whether mail to them was caught shortly before. Those whose address
-- counted as confirmed from the start were made by an administrator or at the command line.
WITH c AS (SELECT lower(recipient) AS email, caught_at FROM caught)
UPDATE users SET confirmed_by_catcher = TRUE WHERE id IN
    (SELECT u.id FROM users u JOIN c ON c.email = lower(u.email)
     WHERE u.confirmed_at > u.created_at AND c.caught_at <= u.confirmed_at AND c.caught_at > u.confirmed_at - 604800000);
UPDATE tokens SET caught = TRUE WHERE used_at IS NULL AND user_id IN
    (SELECT id FROM users WHERE lower(email) IN (SELECT lower(recipient) FROM caught));

-- Browsers at which someone has signed in to an account: they may go on trying when strangers have guessed too often.
CREATE TABLE known_devices (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- SHA-256 of the cookie.
    hash TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, hash)
);
CREATE INDEX known_devices_seen ON known_devices (seen_at);

-- The password of the mail server, encrypted; `smtp_url` is without it.
ALTER TABLE installation ADD COLUMN smtp_password TEXT NOT NULL DEFAULT '';
-- The id of the key that this installation's secrets are encrypted with; empty: none yet.
ALTER TABLE life ADD COLUMN secret_key TEXT NOT NULL DEFAULT '';
-- What is stored in clear text is encrypted, and what is left of it in free pages overwritten.
INSERT INTO unfinished (step) VALUES ('encrypt_secrets'), ('clear_free_pages');
