"""The tutorial, followed from its first line to its last."""

import pytest

from tests.acceptance.instance import Instance, wait_until
from tests.acceptance.tour import WAYBILL, Block, Step, Tour, blocks
from throwaway.clone import ROOT

PAGE = ROOT / "docs/tutorial.md"


def write(instance: Instance, block: Block) -> None:
    """Write the file that the first line of a block names."""
    name = block.body.partition("\n")[0].removeprefix("# ")
    assert name.endswith((".py", ".sh"))
    (instance.folder / name).write_text(block.body)


def starts(instance: Instance) -> int:
    """Return how often a worker has begun to serve."""
    return sum(service.read().count(" serves ") for service in instance.services)


def is_served(instance: Instance, step: Step) -> bool:
    """Whether the type of the task that a step submits is known and served; true for other steps."""
    words = step.command.split()
    return words[1] != "submit" or (words[2], True) in (
        (one["name"], one["served"]) for one in instance.get("/task-types")
    )


@pytest.mark.slow
def test_the_tutorial_goes_as_it_is_written(instance: Instance) -> None:
    tour, begun = Tour(instance), 0
    for block in blocks(PAGE):
        if block.language in ("python", "bash"):
            write(instance, block)
            # The worker starts again once a file of its handlers has changed.
            begun = starts(instance) if "@handler" in block.body else begun
        elif block.language == "sh":
            begun = starts(instance)
            instance.start("services", "bash", "-c", WAYBILL + block.body, api_url=instance.url)
        else:
            assert block.language == "console"
            wait_until(lambda: starts(instance) > begun, "a worker")  # noqa: B023
            for step in block.steps():
                wait_until(lambda: is_served(instance, step), f"the type of {step.command}")  # noqa: B023
                tour.take(step)
