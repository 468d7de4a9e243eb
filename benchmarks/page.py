"""Nothing comes in; how long the report's page takes to open and to answer, small and large, goes out.

Run ``python benchmarks/page.py`` with Chromium installed. The limits are the page's own: open in 3 seconds, filter in
200 milliseconds, at 300 themes by 100 targets with 50,000 statements.
"""

from __future__ import annotations

import platform
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from playwright.sync_api import sync_playwright

import policygap as pg

RUNS = 5
THEMES, TARGETS, STATEMENTS, SPEAKERS, GROUPS = 300, 100, 50_000, 5_000, 8
CHANGES = (
    ("map-group", "2"), ("map-values", "share"), ("map-values", "statements"), ("map-order", "likeness"),
    ("map-order", "total"), ("map-group", ""),
)  # fmt: skip
CHANGE = """([name, value]) => new Promise((done) => {
    const element = document.getElementById(name), start = performance.now();
    element.value = value;
    element.dispatchEvent(new Event('change'));
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
})"""


def make_study() -> pg.Study:
    """A study of the size that the limits are for."""
    random = np.random.default_rng(20261123)
    themes = pd.DataFrame(
        {"id": [f"t{n}" for n in range(THEMES)], "label": [f"Theme number {n}" for n in range(THEMES)]}
    )
    targets = pd.DataFrame({"id": [f"A{n}" for n in range(TARGETS)], "kind": "focus_area"})
    targets["label"] = "Target " + targets["id"]
    groups = pd.DataFrame({"id": [f"g{n}" for n in range(GROUPS)], "label": [f"Group {n}" for n in range(GROUPS)]})
    actors = pd.DataFrame(
        {"id": [f"s{n}" for n in range(SPEAKERS)], "label": [f"Speaker {n}" for n in range(SPEAKERS)]}
    )
    actors["group"] = [f"g{n % GROUPS}" for n in range(SPEAKERS)]
    ids = [f"x{n}" for n in range(STATEMENTS)]
    text = "A statement of the length that statements have when people write what they want, and why, number {}."
    statements = pd.DataFrame({"id": ids, "text": [text.format(n) for n in range(STATEMENTS)], "kind": "call"})
    statements["speaker"] = random.choice(actors["id"], STATEMENTS)
    codes = [random.choice(table["id"], STATEMENTS) for table in (themes, themes, targets, targets)]
    codings = pd.concat([pd.DataFrame({"statement": ids, "code": part}) for part in codes]).drop_duplicates()
    tables = {"themes": themes, "targets": targets, "groups": groups, "actors": actors}
    return pg.build_study(name="large", **tables, statements=statements, codings=codings)


def open_page(browser: Any, path: Path) -> tuple[float, float]:
    """Milliseconds until the matrix stands there, and the slowest of the changes."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    before = time.perf_counter()
    page.goto(path.as_uri())
    page.wait_for_selector("table.map td")
    opened = (time.perf_counter() - before) * 1000
    slowest = max(page.evaluate(CHANGE, list(change)) for change in CHANGES)
    page.close()
    return opened, slowest


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("page.py: no Chromium here, nothing measured", file=sys.stderr)
        return
    print(f"Medians of {RUNS} runs, Python {platform.python_version()}")
    print(f"{'study':16}{'written s':>10}{'size MB':>9}{'open ms':>9}{'slowest change ms':>19}")
    with sync_playwright() as engine, tempfile.TemporaryDirectory() as folder:
        browser = engine.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, study in (("smabystrategi", pg.read_study("smabystrategi")), ("300 x 100", make_study())):
            before = time.perf_counter()
            path = pg.write_report(study, Path(folder) / name.replace(" ", ""), formats=["html"], robustness=False)[0]
            written = time.perf_counter() - before
            times = [open_page(browser, path) for _ in range(RUNS)]
            opened, slowest = (statistics.median(column) for column in zip(*times, strict=True))
            print(f"{name:16}{written:10.1f}{path.stat().st_size / 1e6:9.2f}{opened:9.0f}{slowest:19.0f}")
        browser.close()


if __name__ == "__main__":
    main()
