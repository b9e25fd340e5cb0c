"""What linters cannot say: whom the domain imports, and what a later Python would no longer take."""

import ast
import configparser
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import waybill.domain
from throwaway.clone import ROOT
from waybill_api.store.engine.migrations import migrations

ALLOWED = sys.stdlib_module_names
NUMBERED = re.compile(r"(SELECT|INSERT|UPDATE|DELETE)\b.*\?\d", re.DOTALL)


def test_the_domain_imports_the_standard_library_alone() -> None:
    files = list(Path(waybill.domain.__path__[0]).rglob("*.py"))
    assert len(files) > 1
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [node.module or ""]
            for name in names:
                assert name.startswith("waybill.domain.") or name.partition(".")[0] in ALLOWED, f"{file.name}: {name}"


def test_the_wheel_holds_every_package() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    named = config["options"]["packages"].split()
    tree = [
        ".".join(folder.relative_to(base).parts)
        for base in (ROOT / "shared", ROOT / "services/api", ROOT / "services/worker")
        for folder in sorted({file.parent for file in base.glob("waybill*/**/*.py")})
    ]
    assert named == tree


def test_the_library_loads_nothing_but_requests() -> None:
    script = f"""
import sys
sys.path[:0] = {sys.path!r}
before = set(sys.modules)
import waybill
waybill.Client, waybill.Handle, waybill.Reporter
print(*(set(sys.modules) - before))
"""
    command = [sys.executable, "-S", "-c", script]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split()
    for_services = {
        "tornado",
        "huey",
        "peewee",
        "pydantic",
        "pydantic_settings",
        "prometheus_client",
        "zxcvbn",
        "typer",
        "rich",
    }
    packages = {name.partition(".")[0] for name in loaded}
    assert {"waybill", "requests"} <= packages
    assert packages & for_services == set()


def test_the_services_load_no_driver_of_a_server() -> None:
    """Huey and Peewee load those that are installed, which takes a third of a start."""
    script = f"""
import sys
sys.path[:0] = {sys.path!r}
import waybill_worker.__main__, waybill_api.__main__, waybill.queue.file_queue, waybill.queue.bare_huey
print(*sys.modules)
"""
    command = [sys.executable, "-S", "-c", script]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split()
    packages = {name.partition(".")[0] for name in loaded}
    assert {"huey", "tornado"} <= packages
    assert packages & {"cysqlite", "psycopg", "psycopg_binary", "redis"} == set()


def test_only_the_engine_knows_the_name_of_the_database() -> None:
    """The table of Idempotency-Keys is a model of Peewee, which serves every database."""
    store = ROOT / "services/api/waybill_api"
    knowing = set()
    for file in store.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if {name.partition(".")[0] for name in names} & {"sqlite3", "peewee", "playhouse", "cysqlite"}:
                knowing.add(file.relative_to(store / "store").as_posix())
    assert {file for file in knowing if not file.startswith("engine/")} == {"tables/idempotency.py"}


def test_only_the_queue_s_backends_and_settings_know_the_names_of_servers() -> None:
    """In Python: SQL, docs and templates are looked at by people."""
    shared = ROOT / "shared"
    knowing = {
        file.relative_to(folder).as_posix()
        for folder in (shared, ROOT / "services")
        for file in folder.rglob("*.py")
        if re.search(r"redis|postgres|psycopg|mysql", file.read_text("utf-8"), re.IGNORECASE)
    }
    own = {"opening", "postgresql", "redis", "redis_scripts", "url"}
    assert knowing == {f"waybill/queue/{name}.py" for name in own} | {"waybill/host/drivers.py"}


def statements(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield every text in the Python files of a folder, with its file."""
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield file, node.value


def test_no_statement_numbers_its_placeholders() -> None:
    """From Python 3.14 on, the values of such a statement may not be a sequence; 3.12 and 3.13 warn."""
    texts = [text for folder in ("services", "shared") for text in statements(ROOT / folder)]
    assert any(text.startswith("UPDATE tasks") for _, text in texts)
    assert [file for file, text in texts if NUMBERED.search(text)] == []


def test_every_migration_has_a_number_of_its_own() -> None:
    numbers = [number for number, _ in migrations()]
    assert numbers == list(range(1, len(numbers) + 1))
