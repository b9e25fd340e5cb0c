-- What a run has left, besides its result: the detail of its error, and the end of what it logged or printed.

ALTER TABLE tasks ADD COLUMN error_detail TEXT
    CONSTRAINT only_an_error_has_a_detail CHECK (error_detail IS NULL OR error_code IS NOT NULL);

DROP TRIGGER a_final_task_is_frozen;
CREATE TRIGGER a_final_task_is_frozen BEFORE UPDATE ON tasks
WHEN OLD.status >= 3 AND NEW.attempt = OLD.attempt AND (
    NEW.status <> OLD.status OR NEW.result IS NOT OLD.result OR NEW.error_code IS NOT OLD.error_code
    OR NEW.error_message IS NOT OLD.error_message OR NEW.error_detail IS NOT OLD.error_detail
    OR NEW.finished_at IS NOT OLD.finished_at)
BEGIN SELECT RAISE(ABORT, 'a final task is frozen'); END;

CREATE TABLE run_logs (
    task_id    TEXT    NOT NULL,
    run        INTEGER NOT NULL,
    attempt    INTEGER NOT NULL,
    text       TEXT    NOT NULL,
    cut        INTEGER NOT NULL,
    written_at INTEGER NOT NULL,
    CONSTRAINT a_run_has_one_log PRIMARY KEY (task_id, run)
);
