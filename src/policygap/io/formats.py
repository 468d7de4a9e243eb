"""The end of a file's name comes in; the format that is read or written there goes out. Every other format stands here.

Folders of tables and Excel workbooks are policygap's own (:mod:`policygap.io.reading`, :mod:`policygap.io.writing`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

from ..errors import Problem, StudyError
from ..package import Package
from .bundle import is_bundle, list_names
from .consultations import (
    holds_themefinder,
    looks_like_eppi,
    looks_like_themefinder,
    read_eppi,
    read_themefinder,
)
from .crosswalks import (
    looks_like_explorer,
    looks_like_oscal,
    looks_like_sssom,
    read_explorer,
    read_oscal,
    read_sssom,
    read_table,
    write_explorer,
    write_oscal,
    write_sssom,
    write_table,
)
from .encoding import guess_wide
from .limits import Limits
from .mapping import CodeMapping
from .outgoing import Outgoing, Written
from .qda import read_qdc, read_qdpx, write_qdc, write_qdpx
from .references import write_bibtex, write_ris
from .wide import looks_wide, read_wide, write_wide

__all__ = ["FORMATS", "Format", "endings", "find_format", "read_foreign"]


@frozen(kw_only=True)
class Format:
    """Another program's format.

    Attributes
    ----------
    name
        What it is called on the command line.
    about
        What it is.
    suffixes
        How its files end, that with which they are written first; the longest that fits a file's name wins.
    read
        Makes a package of a file, with every problem found in it; ``None`` where it is written only.
    write
        Makes a file of a package that may be written, and the study's name; ``None`` where it is read only.
    looks
        Whether a file's bytes are of this format, where several have the same suffix.
    holds
        Whether a folder or a zip file is of this format, by the paths of the files in it.
    mapped
        Whether its codes are divided by a mapping.
    whole
        Whether a file is a study, and not its codebook alone.
    """

    name: str
    about: str
    suffixes: tuple[str, ...]
    read: Callable[[Path, CodeMapping | None, Limits], Package] | None = None
    write: Callable[[Outgoing, str], Written] | None = None
    looks: Callable[[bytes], bool] | None = None
    holds: Callable[[Sequence[str]], bool] | None = None
    mapped: bool = False
    whole: bool = True


FORMATS: Final[tuple[Format, ...]] = (
    Format(
        name="qdpx",
        about="a project of a coding program (REFI-QDA)",
        suffixes=(".qdpx",),
        read=read_qdpx,
        write=write_qdpx,
        mapped=True,
    ),
    Format(
        name="qdc",
        about="a codebook of a coding program (REFI-QDA)",
        suffixes=(".qdc",),
        read=read_qdc,
        write=write_qdc,
        mapped=True,
        whole=False,
    ),
    Format(
        name="sssom",
        about="a mapping set (SSSOM)",
        suffixes=(".sssom.tsv", ".sssom.csv", ".tsv", ".csv"),
        read=read_sssom,
        write=write_sssom,
        looks=looks_like_sssom,
    ),
    Format(
        name="oscal",
        about="an OSCAL mapping collection",
        suffixes=(".oscal.json", ".json"),
        read=read_oscal,
        write=write_oscal,
        looks=looks_like_oscal,
    ),
    Format(
        name="explorer",
        about="a mapping of the Mapping Explorer",
        suffixes=(".mapping.json", ".json"),
        read=read_explorer,
        write=write_explorer,
        looks=looks_like_explorer,
    ),
    Format(
        name="wide",
        about="a wide table, one row a submission and one column a code",
        suffixes=(".wide.csv", ".csv"),
        read=read_wide,
        write=write_wide,
        looks=looks_wide,
        mapped=True,
    ),
    Format(
        name="crosswalk",
        about="a crosswalk of two columns or more",
        suffixes=(".csv", ".tsv"),
        read=read_table,
        write=write_table,
    ),
    Format(
        name="themefinder",
        about="output of ThemeFinder",
        suffixes=(".jsonl", ".json"),
        read=read_themefinder,
        looks=looks_like_themefinder,
        holds=holds_themefinder,
        mapped=True,
    ),
    Format(
        name="eppi",
        about="an export of EPPI-Reviewer",
        suffixes=(".json",),
        read=read_eppi,
        looks=looks_like_eppi,
        mapped=True,
    ),
    Format(name="bibtex", about="a bibliography (BibTeX)", suffixes=(".bib",), write=write_bibtex),
    Format(name="ris", about="a bibliography (RIS)", suffixes=(".ris",), write=write_ris),
)

_LOOKED_AT: Final = 1_000_000  # bytes at a file's start by which formats of one suffix are told apart


def find_format(path: Path, *, wanted: str | None = None, reading: bool, limits: Limits | None = None) -> Format | None:
    """The format of a file by its name, or by what it is called.

    Parameters
    ----------
    path
        The file. Where several formats that are read share its ending, its first bytes decide; of a folder or a zip
        file, the paths of what it holds.
    wanted
        A format's name.
    reading
        Whether it is to be read, or else written.
    limits
        How much of a folder or zip file is looked at.

    Examples
    --------
    >>> find_format(Path("towns.qdpx"), reading=True).name
    'qdpx'
    >>> find_format(Path("towns.xlsx"), reading=True) is None
    True
    """
    able = [one for one in FORMATS if (one.read if reading else one.write) is not None]
    if wanted is not None:
        return next((one for one in able if one.name == wanted), None)
    if reading and is_bundle(path):
        names = list_names(path, limits or Limits())
        return next((one for one in able if one.holds and one.holds(names)), None)
    name = path.name.lower()
    fits = {one.name: max((len(end) for end in _ends(one, reading) if name.endswith(end)), default=0) for one in able}
    likely = sorted((one for one in able if fits[one.name]), key=lambda one: -fits[one.name])
    if reading and any(one.looks for one in likely):
        start = _start(path)
        seen = [one for one in likely if one.looks is not None and one.looks(start)]
        # What no format knows by sight is of that which alone ends so, whose reader then says what is wrong with it.
        own = [one for one in likely if one.looks is None or sum(n == fits[one.name] for n in fits.values()) == 1]
        likely = seen or own
    return likely[0] if likely else None


def _ends(one: Format, reading: bool) -> tuple[str, ...]:
    return one.suffixes if reading else one.suffixes[:1]


def _start(path: Path) -> bytes:
    """The first bytes of a file, in UTF-8 whatever its encoding."""
    with path.open("rb") as stream:
        data = stream.read(_LOOKED_AT)
    wide = guess_wide(data[:4096])
    if wide is None:
        return data.removeprefix(b"\xef\xbb\xbf")
    return data.decode(wide.codec, "ignore").removeprefix("\ufeff").encode("utf-8", "ignore")


def endings(formats: Iterable[Format], *, reading: bool) -> str:
    """How files of formats end, for messages."""
    able = [one for one in formats if (one.read if reading else one.write) is not None]
    return ", ".join(dict.fromkeys(end for one in able for end in _ends(one, reading)))


def read_foreign(found: Format, path: Path, mapping: CodeMapping | None, limits: Limits | None) -> Package:
    """Read a file of another program; what can't be read is a package with problems."""
    limits = limits or Limits()
    assert found.read is not None
    if mapping is not None and not found.mapped:
        what = f"{found.about} has no codes to be mapped"
        return Package(name=path.stem, problems=(Problem(file=path.name, what=what, fix="leave the mapping out"),))
    try:
        return found.read(path, mapping, limits)
    except StudyError as error:
        return Package(name=path.stem, problems=error.problems)
