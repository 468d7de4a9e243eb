"""Nothing comes in; how long ``policygap report`` takes on the bundled study, cold, goes out beside its imports.

Run ``python benchmarks/report.py``. The commands take turns, so that whatever else the machine does falls on all of
them; time is that of the processor as well as the clock's, since a busy machine makes the clock's longer. What the full
report takes stage by stage is measured once more in a process of its own. ``--json`` keeps the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from resampling import machine

IMPORTS = """
import policygap.cli
from policygap.report import gather_content, render_text
from policygap.report.files import check_place, write_content
"""
COMMANDS = {
    "imports": ["-c", IMPORTS],
    "report --quick, md and csv": ["-m", "policygap", "report", "--quick", "--formats", "md,csv"],
    "report --quick": ["-m", "policygap", "report", "--quick"],
    "report": ["-m", "policygap", "report"],
}
GOAL = 3  # times the imports


def run(arguments: list[str]) -> dict[str, float]:
    """Seconds by the clock and of the processor that a fresh Python takes."""
    before, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with TemporaryDirectory() as folder:
        places = ["--out", folder] if "report" in arguments else []
        subprocess.run([sys.executable, *arguments, *places], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": time.perf_counter() - clock, "cpu": used}


def measure_stages() -> dict[str, float]:
    """Seconds of the processor that each part of a full report takes, in this process."""
    import policygap as pg
    from policygap.report import content as gathering
    from policygap.report import files

    stages: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        before = time.process_time()
        made = work()
        stages[name] = time.process_time() - before
        return made

    study = timed("read the study", lambda: pg.read_study("smabystrategi"))
    tried = timed("count in every other way", lambda: pg.measure_robustness(study))
    content = timed("everything else that is said", lambda: gathering.gather_content(study, robustness=tried))
    document = timed("the document", lambda: files.write_document(content))
    drawings = files.Drawings(document)
    timed("pictures, SVG", lambda: [drawings.svg(name) for name in drawings])
    timed("pictures, PNG", lambda: [drawings.png(name) for name in drawings])
    timed("page", lambda: files.render_page(content, document, drawings))
    timed("workbook", lambda: files.render_workbook(content, document))
    timed("memo", lambda: files.render_memo(document, drawings))
    timed("Markdown", lambda: files.render_document(document, list(drawings)))
    timed("CSV", lambda: [files.to_csv(table) for table in files.collect_tables(content).values()])
    return stages


def compare(runs: int) -> dict[str, Any]:
    """Run every command in turn, several times; medians."""
    result: dict[str, Any] = {"machine": machine()}
    for arguments in COMMANDS.values():
        run(arguments)  # once for the bytecode and the system's cache
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in COMMANDS}
    for _ in range(runs):
        for name, arguments in COMMANDS.items():
            taken[name].append(run(arguments))
    result["runs"] = taken
    result["medians"] = {
        name: {key: statistics.median(one[key] for one in of) for key in of[0]} for name, of in taken.items()
    }
    stages = subprocess.run([sys.executable, __file__, "--stages"], check=True, stdout=subprocess.PIPE).stdout
    result["stages"] = json.loads(stages)
    result["machine"]["load_after"] = round(os.getloadavg()[0], 1)
    return result


def show(result: dict[str, Any]) -> None:
    """Print what was found, and what it is times the imports."""
    print(f"policygap report on the bundled study, cold; the goal is {GOAL} times its imports. {result['machine']}")
    print(f"{'command':30}{'seconds':>9}{'cpu':>7}   times the imports: seconds, cpu")
    own = result["medians"]["imports"]
    for name, of in result["medians"].items():
        ratios = f"{of['seconds'] / own['seconds']:8.1f}{of['cpu'] / own['cpu']:8.1f}"
        print(f"{name:30}{of['seconds']:9.2f}{of['cpu']:7.2f}   {ratios}")
    print("seconds of the processor that the parts of the full report take:")
    for name, seconds in result["stages"].items():
        print(f"  {name:28}{seconds:9.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    kept = Path(__file__).parent / "results" / "report.json"
    parser.add_argument("--json", type=Path, default=kept, help="keep the figures in this file")
    parser.add_argument("--stages", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.stages:
        print(json.dumps(measure_stages()))
        return
    result = compare(chosen.runs)
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    show(result)


if __name__ == "__main__":
    main()
