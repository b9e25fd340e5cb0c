-- Search: what is looked for in tasks, kept from the history in bulk by upkeep, a moment behind it.

CREATE INDEX tasks_by_status ON tasks (status, task_id);

-- Numbered as their tasks were created; words and marks (of metadata) are what the index below is made of.
CREATE TABLE searched (
    id      INTEGER NOT NULL PRIMARY KEY,
    task_id TEXT    NOT NULL CONSTRAINT a_task_is_searched_once UNIQUE,
    words   TEXT    NOT NULL,
    marks   TEXT    NOT NULL,
    failure TEXT
);

CREATE INDEX searched_failures ON searched (failure, task_id) WHERE failure IS NOT NULL;

CREATE VIRTUAL TABLE search USING fts5 (
    words, marks, content = 'searched', content_rowid = 'id', columnsize = 0, tokenize = 'unicode61 remove_diacritics 2'
);

-- What tasks that are in ERROR have in common.
CREATE TABLE failures (
    fingerprint TEXT    NOT NULL PRIMARY KEY,
    type        TEXT    NOT NULL,
    code        TEXT    NOT NULL,
    message     TEXT    NOT NULL,
    tasks       INTEGER NOT NULL,
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    task_id     TEXT    NOT NULL
);

CREATE INDEX failures_by_time ON failures (last_seen);

-- Up to which event of the history the above is kept.
CREATE TABLE search_progress (
    event_id INTEGER NOT NULL
);

INSERT INTO search_progress VALUES (0);
