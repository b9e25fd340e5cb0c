-- People: who may log in, who is logged in, and what was done by whom.

CREATE TABLE accounts (
    name       TEXT    NOT NULL PRIMARY KEY,
    password   TEXT    NOT NULL,
    role       INTEGER NOT NULL CONSTRAINT a_role_is_known CHECK (role BETWEEN 1 AND 3),
    is_demo    INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;

-- `digest` is the SHA-256 of the id that the browser has, so that who reads the file cannot log in with it.
CREATE TABLE sessions (
    digest     TEXT    NOT NULL PRIMARY KEY CONSTRAINT only_the_digest_is_kept CHECK (length(digest) = 64),
    account    TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX sessions_by_account ON sessions (account);

CREATE TRIGGER sessions_end_with_their_account AFTER DELETE ON accounts
BEGIN DELETE FROM sessions WHERE account = OLD.name; END;

CREATE TRIGGER sessions_end_when_their_account_changes AFTER UPDATE ON accounts
BEGIN DELETE FROM sessions WHERE account = OLD.name; END;

CREATE TABLE audit (
    audit_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    who      TEXT    NOT NULL,
    action   TEXT    NOT NULL,
    target   TEXT    NOT NULL,
    address  TEXT    NOT NULL,
    outcome  TEXT    NOT NULL,
    details  TEXT    NOT NULL
);

CREATE INDEX audit_by_time ON audit (at);

CREATE TRIGGER the_audit_log_stands BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log stands'); END;
