-- The blog: articles, the pictures in them, and the addresses they have had.

CREATE TABLE pictures (
    id {identity},
    -- Pixels of the largest file.
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    -- Keys of the media store, the narrowest first, each followed by its width in pixels: `key 480 key 960`.
    files TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE articles (
    id {identity},
    -- Who wrote it; an article outlives its author's account.
    author_id BIGINT REFERENCES users (id) ON DELETE SET NULL,
    title TEXT NOT NULL,
    -- In lower case, to search in.
    title_key TEXT NOT NULL,
    -- The last part of its address.
    slug TEXT NOT NULL UNIQUE,
    lead TEXT NOT NULL,
    -- Markdown.
    body TEXT NOT NULL,
    cover_id BIGINT REFERENCES pictures (id) ON DELETE SET NULL,
    -- What is on the cover, for those who do not see it.
    cover_alt TEXT NOT NULL,
    -- From when on everyone reads it; empty: a draft.
    published_at BIGINT,
    views BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX articles_author ON articles (author_id);
CREATE INDEX articles_cover ON articles (cover_id);
CREATE INDEX articles_published ON articles (published_at, id) WHERE published_at IS NOT NULL;

-- Addresses that articles had before: links to them lead to the new one.
CREATE TABLE article_slugs (
    slug TEXT PRIMARY KEY,
    article_id BIGINT NOT NULL REFERENCES articles (id) ON DELETE CASCADE
);
CREATE INDEX article_slugs_article ON article_slugs (article_id);
