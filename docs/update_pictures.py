"""Nothing comes in; the pictures of the report in README and docs go out, taken in Chromium.

Run ``python docs/update_pictures.py`` when the look of the page or the bundled study changes.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

import policygap as pg

IMAGES = Path(__file__).parent / "images"
SIZE = {"width": 1180, "height": 760}


def main() -> None:
    """Take the matrix, and the matrix with a cell open."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as engine:
        page_file = pg.write_report(pg.read_study("smabystrategi"), folder, formats=["html"], robustness=False)[0]
        browser = engine.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, reduced_motion="reduce")
        page.goto(page_file.as_uri() + "#map")
        page.wait_for_selector("table.map td")
        page.select_option("#map-order", "total")
        page.evaluate("document.getElementById('map').scrollIntoView()")
        page.screenshot(path=str(IMAGES / "report-matrix.png"))
        page.evaluate("location.hash = '#cell/planning/F'")
        page.wait_for_selector("dialog[open] .said")
        page.screenshot(path=str(IMAGES / "report.png"))
        browser.close()


if __name__ == "__main__":
    main()
