-- Workers that were asked to take no more tasks; kept, so that a restart of the API does not send them back to work.

CREATE TABLE draining_workers (
    worker_id TEXT    NOT NULL PRIMARY KEY,
    asked_at  INTEGER NOT NULL
);
