"""Each error is one line that says what helps, and has its exit code."""

import pytest

from waybill.api_error import ApiError, ApiProblem, ApiUnreachable, WrongInstallation
from waybill.cli.command_error import BAD_USAGE, FAILED, UNREACHABLE, CommandError
from waybill.cli.complaint import complaint_of

URL = "http://127.0.0.1:8000"


def problem(status: int, code: str, *errors: object) -> ApiProblem:
    return ApiProblem(status, code, {"detail": "Something.", "errors": list(errors)})


@pytest.mark.parametrize(
    ("error", "said", "status"),
    [
        (CommandError("no", BAD_USAGE), "no", BAD_USAGE),
        (ApiUnreachable("refused"), "start it with waybill run", UNREACHABLE),
        (ApiUnreachable("503 overloaded", 503), "try again in a moment", UNREACHABLE),
        (WrongInstallation(URL, "theirs", "ours"), "another installation", UNREACHABLE),
        (problem(409, "task_is_final"), "409 task_is_final: Something.", FAILED),
        (problem(401, "unauthenticated"), "--token or WAYBILL_API_TOKEN", FAILED),
        (problem(403, "forbidden"), "WAYBILL_DATA_DIR", FAILED),
        (
            problem(422, "invalid", {"pointer": "/type", "detail": "no such"}),
            "/type: no such; see waybill types",
            FAILED,
        ),
        (
            problem(422, "bad_query", {"parameter": "q", "detail": "wrong", "suggestions": ["status:", "stage:"]}),
            "422 bad_query: q: wrong (did you mean status: or stage:?)",
            FAILED,
        ),
        (problem(422, "invalid", *[{"pointer": f"/{n}", "detail": "x"} for n in range(9)]), "and 4 more", FAILED),
        (problem(422, "invalid", "nonsense", None), "422 invalid: Something.", FAILED),
        (ApiProblem(400, "odd", {"errors": 7}), "400 odd: no detail", FAILED),
        (ApiError("odd"), "odd", FAILED),
        (FileNotFoundError(2, "No such file", "x"), "x cannot be used: No such file", FAILED),
        (PermissionError(13, "Permission denied", "/"), "/ cannot be used", BAD_USAGE),
    ],
)
def test_an_error_is_a_line_and_a_code(error: Exception, said: str, status: int) -> None:
    found = complaint_of(error, URL)
    assert found is not None
    assert said in found[0]
    assert "\n" not in found[0]
    assert found[1] == status


def test_a_mistake_of_our_own_is_none_of_them() -> None:
    assert complaint_of(RuntimeError("bug"), URL) is None
