"""README.md comes in; with its excerpt of the report as the command prints it today, it goes out.

Run ``python docs/update_readme.py`` after a change to the bundled study or to the report. A test holds
the two together.
"""

from __future__ import annotations

import runpy
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

README = Path(__file__).parents[1] / "README.md"
# The script beside this one is no module of a package, so it is run and not imported.
run_command = runpy.run_path(str(Path(__file__).with_name("update_pages.py")))["run_command"]
BEGIN, END = "<!-- report:begin -->", "<!-- report:end -->"


def excerpt() -> str:
    """What `policygap report` prints first: all on attention, and the first lines of what follows."""
    with TemporaryDirectory() as folder, chdir(folder):
        lines = run_command("policygap report").splitlines()
    ruled = [number - 1 for number, line in enumerate(lines) if line.startswith("---")]
    gaps, after = ruled[2], ruled[3]
    # A cut before a gap's first line, which stands two blanks in, leaves whole gaps.
    cut = max(number for number in range(gaps, gaps + 12) if lines[number][:3].strip(" ") and lines[number][:1] == " ")
    claims = next(number for number, line in enumerate(lines) if "hold, " in line)
    shown = [*lines[:cut], "  ...", "", *lines[claims - 2 : claims + 1], "...", "", lines[-1]]
    assert cut < after < claims
    return "\n".join(line.rstrip() for line in shown)


def with_excerpt(text: str) -> str:
    """The page with the excerpt of today."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n```text\n$ policygap report\n{excerpt()}\n```\n{END}{after}"


if __name__ == "__main__":
    README.write_text(with_excerpt(README.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
