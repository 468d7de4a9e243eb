"""The bytes of a stranger's XML come in; its root goes out: no document type, no network, not too many elements.

What programs write differs from the standard in namespaces, so elements are known by their local names.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any, Final

from ...errors import Problem, StudyError, missing_extra
from ..limits import Limits

__all__ = ["AGAIN", "children", "first", "local_name", "parse_xml", "text_below"]

AGAIN: Final = "export it again from the program it was made with"
_PIECE: Final = 1 << 16
_DECLARED: Final = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([^\"'>]{1,60})[\"']")
_DECLARATION: Final = re.compile(r"^\s*<\?xml[^>]*\?>")
_HINT: Final = re.compile(r"[,.]? (?:try|use|see) (?:XML_|xml)\w+(?: option)?\.?")


def parse_xml(data: bytes, file: str, limits: Limits) -> Any:
    """Parse XML in any encoding that its declaration names.

    Parameters
    ----------
    data
        Its bytes.
    file
        What to call it in problems.
    limits
        How much is read: more elements and attributes than ``elements`` take more memory than a project needs.

    Raises
    ------
    StudyError
        It is no XML, has a document type, or is nested too deep or too big.
    """
    etree = _lxml()
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):  # lxml takes it for UTF-16 when it is fed in pieces
        data = _DECLARATION.sub("", data.decode("utf-32", "replace"), count=1).encode("utf-8", "replace")
    _check_size(data, file, limits)
    try:
        _check_start(etree, data, file)
        # huge_tree allows codes nested to a depth of 2,000 and texts over 10 MB. It lifts the guard against entities
        # too, and so there must be no document type by now.
        root = etree.fromstring(data, _parser(etree, huge=True))
    except (etree.XMLSyntaxError, LookupError, ValueError) as error:
        said = _HINT.sub("", str(getattr(error, "msg", None) or error)).replace("\n", " ")
        raise _refused(file, f"it is no XML that can be read ({said})") from None
    if root.getroottree().docinfo.doctype:
        raise _typed(file)
    return root


def _parser(etree: Any, *, huge: bool) -> Any:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=huge, remove_comments=True, remove_pis=True
    )


def _lxml() -> Any:
    try:
        from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]  # it has no types
    except ImportError as error:
        raise missing_extra("reading projects of coding programs", "qda") from error
    return etree


def _refused(file: str, what: str, fix: str = AGAIN) -> StudyError:
    return StudyError([Problem(file=file, what=what, fix=fix)])


def _typed(file: str) -> StudyError:
    return _refused(file, "it has a document type, which no project has and attacks have")


def _check_size(data: bytes, file: str, limits: Limits) -> None:
    """Every element costs a ``<`` and every attribute a ``=``, in every encoding that is read."""
    declared = _DECLARED.match(data)
    if declared:
        name = declared.group(1).decode("ascii", "replace")
        try:
            known = codecs.lookup(name).name
        except (LookupError, ValueError):
            known = "utf-7"
        if known == "utf-7":  # it can write a < in other ways
            raise _refused(file, f"it is no XML that can be read (its encoding {name!r} is not known)")
    count = data.count(b"<") + data.count(b"=")
    if count > limits.elements:
        what = f"it has some {count:,} elements and attributes, more than the {limits.elements:,} that are read"
        raise _refused(file, what, "if you trust it, raise the limit elements")


def _check_start(etree: Any, data: bytes, file: str) -> None:
    """A document type stands before the first element; all up to there is read with every guard on."""
    parser = etree.XMLPullParser(
        events=("start",), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    for start in range(0, len(data), _PIECE):
        try:
            parser.feed(data[start : start + _PIECE])
        except etree.XMLSyntaxError:  # past the first element the guards may well say no
            if not (events := list(parser.read_events())):
                raise
        else:
            events = list(parser.read_events())
        for _, element in events:
            if element.getroottree().docinfo.doctype:
                raise _typed(file)
            return


def local_name(element: Any) -> str:
    """An element's name without its namespace; nothing for what is no element."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def children(element: Any, *names: str) -> Iterator[Any]:
    """The elements of these names right below one."""
    return (child for child in element if local_name(child) in names)


def first(element: Any, name: str) -> Any:
    """The first of them, or ``None``."""
    return next(children(element, name), None)


def text_below(element: Any, name: str) -> str | None:
    """All text of the first of them, or ``None`` where there is none."""
    child = first(element, name)
    return None if child is None else "".join(child.itertext())
