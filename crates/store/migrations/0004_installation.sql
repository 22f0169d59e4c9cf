-- What administrators decide about the installation as a whole. One row.

CREATE TABLE installation (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    -- What the installation calls itself; empty: the product's name.
    name TEXT NOT NULL,
    -- For those who have not chosen, and whose browser asks for neither.
    language TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    -- open: everyone may register; invited: accounts are made by administrators.
    registration TEXT NOT NULL,
    -- Domains of the addresses that may register, separated by spaces; empty: all.
    allowed_domains TEXT NOT NULL,
    -- How long a browser stays signed in without being used.
    session_days BIGINT NOT NULL,
    -- optional, or required of everyone who may do more than keep things of their own.
    second_factor TEXT NOT NULL,
    -- The mail server as a URL, its password included; empty: the built-in catcher, unless the process was started with
    -- another.
    smtp_url TEXT NOT NULL,
    -- What mail comes from; empty: what the process was started with.
    mail_from TEXT NOT NULL
);
INSERT INTO installation VALUES (1, '', 'en', 'UTC', 'open', '', 30, 'optional', '', '');

-- Links that let whoever started the service make the first administrator. What stands in the link is not stored.
CREATE TABLE setup_links (
    hash TEXT PRIMARY KEY,
    created_at BIGINT NOT NULL
);
