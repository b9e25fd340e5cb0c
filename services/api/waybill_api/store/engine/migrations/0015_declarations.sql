-- What the code of a handler declares of a type, and which fields a person has set, which a declaration leaves alone.

-- A JSON Schema.
ALTER TABLE task_types ADD COLUMN input_schema TEXT;
-- Names of fields of the input, as a list in JSON.
ALTER TABLE task_types ADD COLUMN secret TEXT NOT NULL DEFAULT '[]';
ALTER TABLE task_types ADD COLUMN declared TEXT;
ALTER TABLE task_types ADD COLUMN edited TEXT NOT NULL DEFAULT '[]';

-- Whoever made the types that exist has chosen what runs them, and whatever is not as it would be by itself.
UPDATE task_types SET edited = '["handler"'
    || CASE WHEN max_attempts <> 1 THEN ',"max_attempts"' ELSE '' END
    || CASE WHEN max_backoff <> 300.0 THEN ',"max_backoff"' ELSE '' END
    || CASE WHEN min_backoff <> 1.0 THEN ',"min_backoff"' ELSE '' END
    || CASE WHEN priority <> 0 THEN ',"priority"' ELSE '' END
    || ',"stages"'
    || CASE WHEN timeout IS NOT NULL THEN ',"timeout"' ELSE '' END
    || CASE WHEN title <> '' THEN ',"title"' ELSE '' END
    || ']';

-- Names of fields of the input that are never shown, as a list in JSON; and whether its time-out was given with it.
ALTER TABLE tasks ADD COLUMN secret TEXT;
ALTER TABLE tasks ADD COLUMN has_own_timeout INTEGER NOT NULL DEFAULT 0
    CONSTRAINT an_own_timeout_is_there CHECK (has_own_timeout = 0 OR timeout IS NOT NULL);
