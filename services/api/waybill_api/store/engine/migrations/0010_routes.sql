-- Who can run a task is its own handler, so that is what its route names, as `shared/waybill/domain/route.py` has it.

DROP INDEX tasks_due;
ALTER TABLE tasks DROP COLUMN route;
ALTER TABLE tasks ADD COLUMN route TEXT GENERATED ALWAYS AS (
    CASE WHEN handler IS NULL OR (stages IS NULL AND handler = type) THEN type ELSE type || '/' || handler END) VIRTUAL;
CREATE INDEX tasks_due ON tasks (route, priority DESC, due_at, task_id) WHERE due_at IS NOT NULL;

-- A task that waits for a stage which no worker has may take over the stages that its type has now.

DROP TRIGGER a_stage_never_goes_back;
CREATE TRIGGER a_stage_never_goes_back BEFORE UPDATE ON tasks
WHEN NEW.stages IS NOT NULL AND NEW.attempt = OLD.attempt AND NEW.stages = OLD.stages
    AND instr(NEW.stages, '"' || NEW.stage || '"') < instr(OLD.stages, '"' || OLD.stage || '"')
BEGIN SELECT RAISE(ABORT, 'a stage never goes back'); END;

DROP TRIGGER a_stage_is_passed_with_its_result;
CREATE TRIGGER a_stage_is_passed_with_its_result BEFORE UPDATE ON tasks
WHEN NEW.stages IS NOT NULL AND NEW.attempt = OLD.attempt AND NEW.stages = OLD.stages AND NEW.stage <> OLD.stage
    AND NOT EXISTS (
        SELECT 1 FROM stage_results WHERE task_id = OLD.task_id AND attempt = OLD.attempt AND stage = OLD.stage)
BEGIN SELECT RAISE(ABORT, 'a stage is passed with its result'); END;

CREATE TRIGGER other_stages_begin_alike BEFORE UPDATE ON tasks
WHEN NEW.attempt = OLD.attempt AND NEW.stages IS NOT OLD.stages AND (
    OLD.claim IS NOT NULL OR OLD.due_at IS NULL
    OR coalesce(substr(NEW.stages, 1, instr(NEW.stages, '"' || NEW.stage || '"')), '["')
        <> coalesce(substr(OLD.stages, 1, instr(OLD.stages, '"' || OLD.stage || '"')), '["'))
BEGIN SELECT RAISE(ABORT, 'what takes over other stages stands where it stood'); END;
