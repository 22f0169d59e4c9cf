-- Groups with their permissions, blocking, and an account of who did what.

ALTER TABLE users ADD COLUMN blocked_at BIGINT;
ALTER TABLE users ADD COLUMN blocked_reason TEXT NOT NULL DEFAULT '';
-- To the minute or so.
ALTER TABLE users ADD COLUMN seen_at BIGINT;
-- Deleted, and being erased step by step.
ALTER TABLE users ADD COLUMN deleted_at BIGINT;
CREATE INDEX users_deleted ON users (deleted_at) WHERE deleted_at IS NOT NULL;
ALTER TABLE users ADD COLUMN phone TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN city TEXT NOT NULL DEFAULT '';
-- Keys of the media store; empty: none.
ALTER TABLE users ADD COLUMN avatar TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN avatar_small TEXT NOT NULL DEFAULT '';
-- By what a person knows their own sessions.
ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN agent TEXT NOT NULL DEFAULT '';
-- In lower case, to search in.
ALTER TABLE users ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
UPDATE users SET name_key = lower(name);

CREATE TABLE groups (
    id {identity},
    -- Of the groups that are there from the start: which it is.
    builtin TEXT UNIQUE,
    name TEXT NOT NULL,
    -- In lower case: no two groups are called alike.
    name_key TEXT NOT NULL UNIQUE
);

CREATE TABLE group_permissions (
    group_id BIGINT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    permission TEXT NOT NULL,
    PRIMARY KEY (group_id, permission)
);

CREATE TABLE user_groups (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    group_id BIGINT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, group_id)
);
CREATE INDEX user_groups_group ON user_groups (group_id);

INSERT INTO groups (builtin, name, name_key) VALUES
    ('users', 'Users', 'users'),
    ('managers', 'Managers', 'managers'),
    ('content_managers', 'Content managers', 'content managers'),
    ('administrators', 'Administrators', 'administrators');
INSERT INTO group_permissions (group_id, permission)
    SELECT id, permission FROM groups CROSS JOIN (SELECT 'manage_own' AS permission UNION ALL SELECT 'send_mail') AS p;
INSERT INTO group_permissions (group_id, permission)
    SELECT id, permission FROM groups CROSS JOIN (SELECT 'view_mailings' AS permission UNION ALL SELECT 'view_recipients'
        UNION ALL SELECT 'view_users' UNION ALL SELECT 'block_users' UNION ALL SELECT 'disable_mailings') AS p
    WHERE builtin IN ('managers', 'administrators');
INSERT INTO group_permissions (group_id, permission)
    SELECT id, 'manage_blog' FROM groups WHERE builtin IN ('content_managers', 'administrators');
INSERT INTO group_permissions (group_id, permission)
    SELECT id, permission FROM groups CROSS JOIN (SELECT 'manage_users' AS permission UNION ALL SELECT 'manage_groups'
        UNION ALL SELECT 'manage_settings' UNION ALL SELECT 'view_audit') AS p
    WHERE builtin = 'administrators';
INSERT INTO user_groups (user_id, group_id)
    SELECT u.id, g.id FROM users u CROSS JOIN groups g WHERE g.builtin = 'users';

-- By whom a mailing was disabled: its owner, a manager, or the blocking of its owner. What a manager has disabled its
-- owner cannot enable.
ALTER TABLE mailings ADD COLUMN disabled_by TEXT NOT NULL DEFAULT 'owner';

-- Who did what. Nothing in the product changes or removes a row.
CREATE TABLE audit (
    id {identity},
    at BIGINT NOT NULL,
    -- No references: the account of what was done outlives those who did it.
    actor_id BIGINT,
    actor TEXT NOT NULL,
    -- The network address; empty: the command line.
    address TEXT NOT NULL,
    action TEXT NOT NULL,
    subject_id BIGINT,
    subject TEXT NOT NULL,
    -- What was changed, as JSON; empty where there is nothing to tell.
    before TEXT NOT NULL,
    after TEXT NOT NULL
);
CREATE INDEX audit_action ON audit (action, id);
