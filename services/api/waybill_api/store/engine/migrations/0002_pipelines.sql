-- Pipelines: a task goes through several handlers, its stages, and what each of them leaves is kept.

ALTER TABLE task_types ADD COLUMN stages TEXT
    CONSTRAINT a_handler_or_stages CHECK (stages IS NULL OR handler IS NULL);

-- The handlers' names as JSON, without spaces; only a pipeline has them, and its handler is that of its stage.
ALTER TABLE tasks ADD COLUMN stages TEXT
    CONSTRAINT a_pipeline_is_at_a_stage CHECK (stages IS NULL OR (stage IS NOT NULL AND handler IS stage));
ALTER TABLE tasks ADD COLUMN claimed_at INTEGER;
-- As `shared/waybill/domain/route.py` has it.
ALTER TABLE tasks ADD COLUMN route TEXT
    GENERATED ALWAYS AS (CASE WHEN stages IS NULL THEN type ELSE type || '/' || stage END) VIRTUAL;

DROP INDEX tasks_due;
CREATE INDEX tasks_due ON tasks (route, priority DESC, due_at, task_id) WHERE due_at IS NOT NULL;

CREATE TABLE stage_results (
    task_id     TEXT    NOT NULL,
    position    INTEGER NOT NULL,
    attempt     INTEGER NOT NULL,
    stage       TEXT    NOT NULL,
    run         INTEGER NOT NULL,
    result      TEXT    NOT NULL,
    started_at  INTEGER NOT NULL,
    finished_at INTEGER NOT NULL,
    CONSTRAINT a_stage_has_one_result_an_attempt PRIMARY KEY (task_id, position, attempt)
);

CREATE TRIGGER a_stage_result_stands BEFORE UPDATE ON stage_results
BEGIN SELECT RAISE(ABORT, 'the result of a stage stands'); END;

CREATE TRIGGER a_stage_never_goes_back BEFORE UPDATE ON tasks
WHEN NEW.stages IS NOT NULL AND NEW.attempt = OLD.attempt
    AND instr(NEW.stages, '"' || NEW.stage || '"') < instr(OLD.stages, '"' || OLD.stage || '"')
BEGIN SELECT RAISE(ABORT, 'a stage never goes back'); END;

CREATE TRIGGER a_stage_is_passed_with_its_result BEFORE UPDATE ON tasks
WHEN NEW.stages IS NOT NULL AND NEW.attempt = OLD.attempt AND NEW.stage <> OLD.stage AND NOT EXISTS (
    SELECT 1 FROM stage_results WHERE task_id = OLD.task_id AND attempt = OLD.attempt AND stage = OLD.stage)
BEGIN SELECT RAISE(ABORT, 'a stage is passed with its result'); END;
