-- Tasks whose ids are ahead of the times at which they were created, by more than a second: the clock had been set back,
-- and ids only rise. They begin with one millisecond for each such time.

CREATE INDEX tasks_ahead ON tasks (substr(task_id, 1, 13), created_at)
    WHERE substr(task_id, 1, 8) || substr(task_id, 10, 4) > printf('%012x', created_at + 1000);
