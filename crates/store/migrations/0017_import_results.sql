-- What an import did with each row, and how the file was understood.
ALTER TABLE imports ADD COLUMN unchanged BIGINT NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN blank_rows BIGINT NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN warnings BIGINT NOT NULL DEFAULT 0;
-- Encoding and columns, as JSON; empty until the header has been read.
ALTER TABLE imports ADD COLUMN layout TEXT NOT NULL DEFAULT '';

-- Rows that were taken, but not as they stood in the file.
CREATE TABLE import_warnings (
    id {identity},
    import_id BIGINT NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    line BIGINT NOT NULL,
    email TEXT NOT NULL,
    warning TEXT NOT NULL
);
CREATE INDEX import_warnings_import ON import_warnings (import_id, id);

-- Keys that are searched have «е» for «ё» from now on.
INSERT INTO unfinished (step) VALUES ('folded_keys');
