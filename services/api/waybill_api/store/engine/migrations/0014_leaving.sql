-- Leaving: which worker may still be executing an earlier run of a task, so that the next attempt waits for it.

ALTER TABLE tasks ADD COLUMN leaving TEXT;

CREATE INDEX tasks_leaving ON tasks (leaving) WHERE leaving IS NOT NULL;
