"""What types say of the inputs of their tasks, at hand without a query for every create."""

from collections.abc import Iterable
from typing import NamedTuple

from waybill.domain.task_type import TaskType
from waybill_api.store.writing.unit import Commit


class InputRule(NamedTuple):
    """What one type says of inputs."""

    schema: str | None = None
    """The text of their JSON Schema; None if any input will do."""
    secret: tuple[str, ...] = ()
    """The names of the fields that are never shown."""


FREE = InputRule()


class InputRules:
    """The rules of all types, as the last commit left them; any thread may ask."""

    def __init__(self, types: Iterable[TaskType]) -> None:
        """Begin with the types that there are."""
        self._rules = {one.name: _rule_of(one) for one in types}

    def of(self, type_name: str) -> InputRule | None:
        """Return the rule of a type; None if there is no such type."""
        return self._rules.get(type_name)

    def notice(self, commit: Commit) -> None:
        """Follow the changes of types; runs in the writer's thread."""
        if not commit.types_changed:
            return
        for name in commit.types_deleted:
            self._rules.pop(name, None)
        for one in commit.types_put:
            self._rules[one.name] = _rule_of(one)


def _rule_of(task_type: TaskType) -> InputRule:
    schema = None if task_type.input_schema is None else task_type.input_schema.text
    return FREE if schema is None and not task_type.secret else InputRule(schema, task_type.secret)
