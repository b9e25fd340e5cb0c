"""The paths of this clone and of its packages, for processes that start in another directory."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHONPATH = os.pathsep.join(str(ROOT / folder) for folder in (".", "shared", "services/api", "services/worker"))
