-- Times are milliseconds since the epoch (UTC), durations are seconds, JSON is kept as text.

CREATE TABLE task_types (
    name            TEXT    NOT NULL PRIMARY KEY,
    title           TEXT    NOT NULL,
    handler         TEXT,
    processing_time INTEGER,
    timeout         INTEGER,
    max_attempts    INTEGER NOT NULL CONSTRAINT an_attempt_is_allowed CHECK (max_attempts >= 1),
    min_backoff     REAL    NOT NULL,
    max_backoff     REAL    NOT NULL,
    priority        INTEGER NOT NULL,
    paused          INTEGER NOT NULL,
    created_at      INTEGER NOT NULL
);

INSERT INTO task_types VALUES ('sleep', 'Sleep', 'sleep', NULL, NULL, 1, 1.0, 300.0, 0, 0, 0);

CREATE TABLE tasks (
    task_id         TEXT    NOT NULL PRIMARY KEY,
    name            TEXT    NOT NULL,
    type            TEXT    NOT NULL,
    handler         TEXT,
    processing_time INTEGER,
    input           TEXT,
    priority        INTEGER NOT NULL,
    external_key    TEXT,
    timeout         INTEGER,
    max_attempts    INTEGER NOT NULL,
    min_backoff     REAL    NOT NULL,
    max_backoff     REAL    NOT NULL,
    created_at      INTEGER NOT NULL,
    status          INTEGER NOT NULL,
    attempt         INTEGER NOT NULL,
    run             INTEGER NOT NULL,
    failures        INTEGER NOT NULL,
    crashes         INTEGER NOT NULL,
    claim           TEXT,
    worker          TEXT,
    stage           TEXT,
    progress        REAL,
    metadata        TEXT    NOT NULL,
    positions       TEXT    NOT NULL,
    result          TEXT,
    error_code      TEXT,
    error_message   TEXT,
    started_at      INTEGER,
    finished_at     INTEGER,
    due_at          INTEGER,
    delay           INTEGER NOT NULL,
    version         INTEGER NOT NULL,
    CONSTRAINT the_status_is_known CHECK (status BETWEEN 1 AND 4),
    CONSTRAINT counters_start_at_one CHECK (attempt >= 1 AND run >= attempt AND version >= 1),
    CONSTRAINT new_has_not_started CHECK ((status = 1) = (started_at IS NULL)),
    CONSTRAINT final_has_finished CHECK ((status >= 3) = (finished_at IS NOT NULL)),
    CONSTRAINT only_error_has_an_error CHECK ((status = 4) = (error_code IS NOT NULL)),
    CONSTRAINT only_completed_has_a_result CHECK (status = 3 OR result IS NULL),
    CONSTRAINT due_is_open_and_unclaimed CHECK (due_at IS NULL OR (status < 3 AND claim IS NULL AND handler IS NOT NULL)),
    CONSTRAINT open_is_due_or_claimed CHECK (status >= 3 OR handler IS NULL OR due_at IS NOT NULL OR claim IS NOT NULL)
);

-- Due: what the dispatcher may hand out, by route, priority and time.
CREATE INDEX tasks_due ON tasks (type, priority DESC, due_at, task_id) WHERE due_at IS NOT NULL;
-- Held: the runs that a worker has.
CREATE INDEX tasks_held ON tasks (worker) WHERE claim IS NOT NULL AND status < 3;
CREATE INDEX tasks_by_type ON tasks (type, task_id);
CREATE UNIQUE INDEX tasks_external_key ON tasks (type, external_key) WHERE external_key IS NOT NULL;

CREATE TRIGGER a_final_task_is_frozen BEFORE UPDATE ON tasks
WHEN OLD.status >= 3 AND NEW.attempt = OLD.attempt AND (
    NEW.status <> OLD.status OR NEW.result IS NOT OLD.result OR NEW.error_code IS NOT OLD.error_code
    OR NEW.error_message IS NOT OLD.error_message OR NEW.finished_at IS NOT OLD.finished_at)
BEGIN SELECT RAISE(ABORT, 'a final task is frozen'); END;

CREATE TRIGGER a_status_never_goes_back BEFORE UPDATE ON tasks
WHEN NEW.attempt = OLD.attempt AND min(NEW.status, 3) < min(OLD.status, 3)
BEGIN SELECT RAISE(ABORT, 'a status never goes back'); END;

CREATE TRIGGER counters_never_fall BEFORE UPDATE ON tasks
WHEN NEW.attempt < OLD.attempt OR NEW.run < OLD.run OR NEW.version < OLD.version
BEGIN SELECT RAISE(ABORT, 'attempt, run and version never fall'); END;

CREATE TABLE events (
    event_id    INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id     TEXT    NOT NULL,
    attempt     INTEGER NOT NULL,
    run         INTEGER NOT NULL,
    seq         INTEGER,
    source      TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    outcome     TEXT    NOT NULL,
    task_status INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    said        TEXT    NOT NULL
);

CREATE INDEX events_of_task ON events (task_id, event_id);

CREATE TRIGGER history_is_append_only BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;

-- Workers that were declared gone: their claims are refused from then on.
CREATE TABLE workers (
    worker_id TEXT    NOT NULL PRIMARY KEY,
    gone_at   INTEGER NOT NULL
);

CREATE TABLE idempotency_keys (
    key         TEXT    NOT NULL PRIMARY KEY,
    fingerprint TEXT    NOT NULL,
    task_ids    TEXT    NOT NULL,
    created_at  INTEGER NOT NULL
);

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
