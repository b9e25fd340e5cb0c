-- After how many seconds without a worker for them a type's due tasks end in ERROR `no_handler`; never, where it does not say.

ALTER TABLE task_types ADD COLUMN no_handler_after INTEGER;
