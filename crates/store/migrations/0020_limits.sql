-- Limits of what costs a lot: how long a session lasts however much it is used, and articles that are rendered once.

ALTER TABLE installation ADD COLUMN session_limit_days BIGINT NOT NULL DEFAULT 90;

-- The body as HTML, made when the article is saved; readers are shown this.
ALTER TABLE articles ADD COLUMN html TEXT NOT NULL DEFAULT '';
-- Which version of the renderer made it; 0: none yet. HTML of another version is made anew when the article is next read.
ALTER TABLE articles ADD COLUMN html_version BIGINT NOT NULL DEFAULT 0;
