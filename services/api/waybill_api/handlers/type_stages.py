"""Where the tasks of a type are."""

from waybill.wire.timestamps import rfc3339
from waybill.wire.type_stages import OldestJson, TypeStagesJson
from waybill_api.handlers.parameters import TypeNamePath
from waybill_api.http.endpoint import Endpoint
from waybill_api.http.operation import call
from waybill_api.store.followers.whereabouts import standings_of
from waybill_api.store.tables.tasks import Oldest


class TypeStagesHandler(Endpoint):
    """The stages of a type."""

    @call("list_type_stages")
    async def get(self, name: TypeNamePath) -> TypeStagesJson:
        """Tell where the open tasks of a type are.

        For each stage: how many tasks are there now, which one has been there for longest, how many are silent for
        longer than `stage_timeout`, and how long tasks stay. Those that have not come to a stage yet have the stage
        null. The numbers are kept as tasks move; asking costs no scan.
        """
        task_type, standings, oldest = await self.store.read(standings_of, self.store.whereabouts, name)
        return {
            "name": task_type.name,
            "stage_timeout": task_type.stage_timeout,
            "tasks": sum(standing.tasks for standing in standings),
            "silent": sum(standing.silent for standing in standings),
            "stages": [
                {
                    "stage": standing.stage,
                    "tasks": standing.tasks,
                    "silent": standing.silent,
                    "oldest": _oldest(oldest.get(standing.stage)),
                    "timed": standing.timed,
                    "p50": standing.p50,
                    "p95": standing.p95,
                }
                for standing in standings
            ],
        }


def _oldest(found: Oldest | None) -> OldestJson | None:
    return None if found is None else {"task_id": found.task_id, "stage_since": rfc3339(found.stage_since)}
