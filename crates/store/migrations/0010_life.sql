-- Which life of the data this is. A database that was restored from a backup begins another one, beside that which its
-- original may go on living. One row.

CREATE TABLE life (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    -- Random: journals and caches name it. Empty until a process first sends or serves.
    name TEXT NOT NULL,
    -- When this life began, and of when the backup is that it began with; empty: it was not restored.
    restored_at BIGINT,
    backup_at BIGINT,
    -- Whether nothing is sent until a person says so.
    held BOOLEAN NOT NULL
);
INSERT INTO life (id, name, restored_at, backup_at, held) VALUES (1, '', NULL, NULL, FALSE);
