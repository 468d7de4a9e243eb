"""A folder with the built wheel and sdist comes in; exit status 0 goes out if both are whole and the wheel works alone.

The wheel is installed with its core dependencies only, then with what the report needs, in an environment of its own
and away from the source tree, so that a forgotten data file, or an extra that the core cannot do without, shows here
and not at a user's.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import venv
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"


def main(folder: Path) -> str | None:
    """Say what is wrong, or nothing."""
    [wheel], [sdist] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    expected = {path.relative_to(SOURCE).as_posix() for path in (SOURCE / "policygap").rglob("*") if _ships(path)}
    with ZipFile(wheel) as archive:
        in_wheel = set(archive.namelist())
    with tarfile.open(sdist) as archive:
        in_sdist = {name.partition("/src/")[2] for name in archive.getnames()}
    missing = [f"{wheel.name} lacks {name}" for name in sorted(expected - in_wheel)]
    missing += [f"{sdist.name} lacks {name}" for name in sorted(expected - in_sdist)]
    if "policygap/py.typed" not in in_wheel:
        missing.append(f"{wheel.name} lacks policygap/py.typed, which tells type checkers that the package is typed")
    if not any(name.endswith("/licenses/LICENSE") for name in in_wheel):
        missing.append(f"{wheel.name} lacks the licence")
    if missing:
        return "\n".join(missing)
    data = sum(name.startswith("policygap/data/") for name in in_wheel)
    print(f"{wheel.name}: {len(expected)} files of the package, {data} of them data")
    return _try_alone(wheel.resolve())


def _ships(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


def _try_alone(wheel: Path) -> str | None:
    with TemporaryDirectory() as folder:
        venv.create(Path(folder, "venv"), with_pip=True)
        python = Path(folder, "venv", "Scripts" if sys.platform == "win32" else "bin", "python")
        steps = {
            "install": ["-m", "pip", "install", "-qq", "--disable-pip-version-check", str(wheel)],
            "load every public name": ["-c", "import policygap as pg; [getattr(pg, name) for name in pg.__all__]"],
            "report the bundled study": [
                "-m",
                "policygap",
                "report",
                "--quick",
                "--out",
                "report",
                "--formats",
                "md,csv",
            ],
            "install the extra 'report'": [
                "-m",
                "pip",
                "install",
                "-qq",
                "--disable-pip-version-check",
                f"{wheel}[report]",
            ],
            "write every form of the report": ["-m", "policygap", "report", "--quick", "--out", "report"],
        }
        for what, arguments in steps.items():
            done = subprocess.run([python, *arguments], cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode:
                return f"away from the source, the wheel cannot {what}:\n{done.stderr}"
    print("installed with core dependencies only: every public name loads, the bundled study is reported")
    print("installed with the extra 'report': every form of the report is written")
    return None


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
