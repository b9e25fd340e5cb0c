"""What import-linter cannot say: the domain imports nothing but the standard library and itself."""

import ast
import sys
from pathlib import Path

import shared.domain

ALLOWED = sys.stdlib_module_names


def test_the_domain_imports_the_standard_library_alone() -> None:
    files = list(Path(shared.domain.__path__[0]).rglob("*.py"))
    assert len(files) > 1
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [node.module or ""]
            for name in names:
                assert name.startswith("shared.domain.") or name.partition(".")[0] in ALLOWED, f"{file.name}: {name}"
