-- Suspects: tasks whose runs belong in a process of their own, since a worker was lost while it ran them.

ALTER TABLE tasks ADD COLUMN losses INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN isolate INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN isolated INTEGER NOT NULL DEFAULT 0
    CONSTRAINT only_a_claimed_suspect_is_isolated CHECK (isolated = 0 OR (isolate = 1 AND claim IS NOT NULL));

UPDATE tasks SET isolate = 1 WHERE crashes > 0;
