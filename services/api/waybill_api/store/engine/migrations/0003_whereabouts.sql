-- Where is it: since when a task is at its stage, when there was news of it, and whether it has fallen silent.

ALTER TABLE task_types ADD COLUMN stage_timeout INTEGER;
ALTER TABLE task_types ADD COLUMN stage_timeout_ends INTEGER NOT NULL DEFAULT 0;

ALTER TABLE tasks ADD COLUMN stage_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN heard_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN silent_at INTEGER
    CONSTRAINT only_open_tasks_are_silent CHECK (silent_at IS NULL OR status < 3);
ALTER TABLE tasks ADD COLUMN stage_timeout INTEGER
    CONSTRAINT only_tracked_tasks_fall_silent CHECK (stage_timeout IS NULL OR handler IS NULL);
ALTER TABLE tasks ADD COLUMN stage_timeout_ends INTEGER NOT NULL DEFAULT 0;

UPDATE tasks SET
    stage_since = coalesce(claimed_at, started_at, created_at),
    heard_at = coalesce(finished_at, claimed_at, started_at, created_at);

-- Open: what is counted at start, and the oldest of each stage.
CREATE INDEX tasks_open ON tasks (type, stage, stage_since) WHERE status < 3;
-- Watched: tracked tasks that may fall silent. Silent: those that have.
CREATE INDEX tasks_watched ON tasks (stage_timeout, heard_at)
    WHERE stage_timeout IS NOT NULL AND silent_at IS NULL AND status < 3;
CREATE INDEX tasks_silent ON tasks (task_id) WHERE silent_at IS NOT NULL;

-- How long tasks have stayed at a stage ('': before the first), as a histogram in JSON.
CREATE TABLE stage_times (
    type  TEXT NOT NULL,
    stage TEXT NOT NULL,
    times TEXT NOT NULL,
    PRIMARY KEY (type, stage)
);
