"""Run the worker as it was run before 1.0: `python -m services.worker`. Use `waybill worker`."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "shared")]

from waybill_worker.__main__ import main

if __name__ == "__main__":
    sys.stderr.write("python -m services.worker goes away with 1.0: use `waybill worker`\n")
    sys.exit(main())
