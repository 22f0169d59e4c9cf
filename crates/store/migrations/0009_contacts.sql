-- The contacts page: what people write there, and what is answered.

CREATE TABLE feedback (
    id {identity},
    -- A hash of the form and what was typed into it: what is sent twice is kept once.
    key TEXT NOT NULL UNIQUE,
    user_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    language TEXT NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    -- Name, address and subject in lower case, to search in.
    search_key TEXT NOT NULL,
    -- new, read, answered, spam.
    state TEXT NOT NULL,
    -- Since when it is among the spam.
    spam_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX feedback_user ON feedback (user_id);
CREATE INDEX feedback_state ON feedback (state, id);
CREATE INDEX feedback_spam ON feedback (spam_at) WHERE spam_at IS NOT NULL;

CREATE TABLE feedback_answers (
    id {identity},
    feedback_id BIGINT NOT NULL REFERENCES feedback (id) ON DELETE CASCADE,
    -- Who answered; their name stays when their account goes.
    author_id BIGINT REFERENCES users (id) ON DELETE SET NULL,
    author_name TEXT NOT NULL,
    text TEXT NOT NULL,
    -- The letter, which tells what the mail server said to it.
    letter_id BIGINT REFERENCES letters (id) ON DELETE SET NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX feedback_answers_feedback ON feedback_answers (feedback_id, id);
CREATE INDEX feedback_answers_author ON feedback_answers (author_id);
CREATE INDEX feedback_answers_letter ON feedback_answers (letter_id);

INSERT INTO group_permissions (group_id, permission)
    SELECT id, 'answer_feedback' FROM groups WHERE builtin = 'administrators';

-- Letters are kept for a while after they are sent.
CREATE INDEX letters_settled ON letters (created_at) WHERE state <> 'pending';

-- How to reach those who run the installation, for the contacts page.
ALTER TABLE installation ADD COLUMN contacts TEXT NOT NULL DEFAULT '';
