"""Nothing comes in; how much longer ``import policygap`` takes than starting Python goes out.

Run ``python benchmarks/import_time.py``. The commands take turns, so that whatever else the machine does falls on
all of them.
"""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys
import time

RUNS = 15
COMMANDS = {"python -c pass": "pass", "import policygap": "import policygap", "import pandas": "import pandas"}


def measure(code: str) -> float:
    """Milliseconds that a fresh Python takes to run the code."""
    before = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return (time.perf_counter() - before) * 1000


def main() -> None:
    for code in COMMANDS.values():
        measure(code)  # once for the bytecode and the system's cache
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS):
        for name, code in COMMANDS.items():
            times[name].append(measure(code))
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    base = medians["python -c pass"]
    print(f"Medians of {RUNS} runs, Python {platform.python_version()}")
    print(f"{'command':20}{'ms':>8}{'ratio':>8}{'more ms':>9}")
    for name, median in medians.items():
        print(f"{name:20}{median:8.1f}{median / base:8.2f}{median - base:9.1f}")


if __name__ == "__main__":
    main()
