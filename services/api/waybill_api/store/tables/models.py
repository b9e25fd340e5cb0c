"""The tables as Peewee models; the schema itself, with its checks and triggers, stands in the migrations."""

from peewee import AutoField, BooleanField, CompositeKey, FloatField, IntegerField, Model, TextField


class TaskRow(Model):
    """The current state of a task."""

    task_id = TextField(primary_key=True)
    name = TextField()
    type = TextField()
    handler = TextField(null=True)
    processing_time = IntegerField(null=True)
    input = TextField(null=True)
    priority = IntegerField()
    external_key = TextField(null=True)
    timeout = IntegerField(null=True)
    max_attempts = IntegerField()
    min_backoff = FloatField()
    max_backoff = FloatField()
    created_at = IntegerField()
    status = IntegerField()
    attempt = IntegerField()
    run = IntegerField()
    failures = IntegerField()
    crashes = IntegerField()
    claim = TextField(null=True)
    worker = TextField(null=True)
    stage = TextField(null=True)
    progress = FloatField(null=True)
    metadata = TextField()
    positions = TextField()
    result = TextField(null=True)
    error_code = TextField(null=True)
    error_message = TextField(null=True)
    started_at = IntegerField(null=True)
    finished_at = IntegerField(null=True)
    due_at = IntegerField(null=True)
    delay = IntegerField()
    version = IntegerField()
    stages = TextField(null=True)
    claimed_at = IntegerField(null=True)
    stage_since = IntegerField()
    heard_at = IntegerField()
    silent_at = IntegerField(null=True)
    stage_timeout = IntegerField(null=True)
    stage_timeout_ends = BooleanField()
    losses = IntegerField()
    isolate = BooleanField()
    isolated = BooleanField()
    leaving = TextField(null=True)

    class Meta:
        """Where it lies."""

        table_name = "tasks"


class StageResultRow(Model):
    """What a stage of a pipeline has left in an attempt."""

    task_id = TextField()
    position = IntegerField()
    attempt = IntegerField()
    stage = TextField()
    run = IntegerField()
    result = TextField()
    started_at = IntegerField()
    finished_at = IntegerField()

    class Meta:
        """Where it lies."""

        table_name = "stage_results"
        primary_key = CompositeKey("task_id", "position", "attempt")


class StageTimesRow(Model):
    """How long tasks have stayed at a stage of a type, as a histogram."""

    type = TextField()
    stage = TextField()
    times = TextField()

    class Meta:
        """Where it lies."""

        table_name = "stage_times"
        primary_key = CompositeKey("type", "stage")


class EventRow(Model):
    """One line of the append-only history."""

    event_id = AutoField()
    task_id = TextField()
    attempt = IntegerField()
    run = IntegerField()
    seq = IntegerField(null=True)
    source = TextField()
    kind = TextField()
    outcome = TextField()
    task_status = IntegerField()
    recorded_at = IntegerField()
    said = TextField()

    class Meta:
        """Where it lies."""

        table_name = "events"


class TaskTypeRow(Model):
    """A task type."""

    name = TextField(primary_key=True)
    title = TextField()
    handler = TextField(null=True)
    processing_time = IntegerField(null=True)
    timeout = IntegerField(null=True)
    max_attempts = IntegerField()
    min_backoff = FloatField()
    max_backoff = FloatField()
    priority = IntegerField()
    paused = BooleanField()
    created_at = IntegerField()
    stages = TextField(null=True)
    stage_timeout = IntegerField(null=True)
    stage_timeout_ends = BooleanField()
    no_handler_after = IntegerField(null=True)

    class Meta:
        """Where it lies."""

        table_name = "task_types"


class WorkerRow(Model):
    """A worker that was declared gone."""

    worker_id = TextField(primary_key=True)
    gone_at = IntegerField()

    class Meta:
        """Where it lies."""

        table_name = "workers"


class DrainingWorkerRow(Model):
    """A worker that was asked to take no more tasks."""

    worker_id = TextField(primary_key=True)
    asked_at = IntegerField()

    class Meta:
        """Where it lies."""

        table_name = "draining_workers"


class IdempotencyKeyRow(Model):
    """An Idempotency-Key, the request it came with, and the tasks that were created for it."""

    key = TextField(primary_key=True)
    fingerprint = TextField()
    task_ids = TextField()
    created_at = IntegerField()

    class Meta:
        """Where it lies."""

        table_name = "idempotency_keys"


class AccountRow(Model):
    """Somebody who may log in."""

    name = TextField(primary_key=True)
    password = TextField()
    role = IntegerField()
    is_demo = BooleanField()
    created_at = IntegerField()

    class Meta:
        """Where it lies."""

        table_name = "accounts"


class SessionRow(Model):
    """A login."""

    digest = TextField(primary_key=True)
    account = TextField()
    created_at = IntegerField()
    expires_at = IntegerField()
    seen_at = IntegerField()

    class Meta:
        """Where it lies."""

        table_name = "sessions"


class DeedRow(Model):
    """A line of the audit log."""

    audit_id = AutoField()
    at = IntegerField()
    who = TextField()
    action = TextField()
    target = TextField()
    address = TextField()
    outcome = TextField()
    details = TextField()

    class Meta:
        """Where it lies."""

        table_name = "audit"


MODELS: tuple[type[Model], ...] = (
    TaskRow,
    StageResultRow,
    StageTimesRow,
    EventRow,
    TaskTypeRow,
    WorkerRow,
    DrainingWorkerRow,
    IdempotencyKeyRow,
    AccountRow,
    SessionRow,
    DeedRow,
)
