"""A report's document and the evidence behind it come in; one page of HTML that needs nothing else goes out.

The page asks no network for anything: styles, script, drawings and data stand in it, and its Content-Security-Policy
forbids everything else.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import partial
from importlib import resources
from typing import Any, Final
from urllib.parse import quote

from .. import __version__
from ..escaping import for_html
from ..messages import say
from .content import Content
from .document import Document
from .draw import Drawings
from .outline import show_cell
from .payload import pack_evidence

__all__ = ["render_page"]

_NONE: Final[dict[str, Any]] = {"speakers": (), "kinds": (), "traces": {}, "statements": None}
"""What is packed where there are too many statements for a page."""


def render_page(content: Content, document: Document, drawings: Drawings) -> str:
    """Render the report as one HTML page.

    Parameters
    ----------
    content, document, drawings
        What the report says, the document made of it, and the pictures of its figures.
    """
    language = content.language
    style, script = _asset("page.css"), _asset("page.js")
    environment = _environment()
    environment.filters["places"] = _as_place
    evidence = pack_evidence(content) if content.holds_statements else _NONE
    data = json.dumps(_clean(evidence), ensure_ascii=False, separators=(",", ":"))
    groups = {speaker["group"] for speaker in evidence["speakers"]}
    page = environment.get_template("page.html.j2").render(
        document=document,
        language=language,
        say=partial(_say, language),
        show=partial(_show, language),
        drawings={name: environment.markup(drawings.inline(name)) for name in drawings},
        data=environment.markup(_for_script(data)),
        style=environment.markup(style),
        script=environment.markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
        version=__version__,
        kinds=evidence["kinds"],
        groups=[
            {"place": place, "label": content.label(group)}
            for place, group in enumerate(content.study.groups)
            if place in groups
        ],
        measures=("speakers", "statements", "share") if len(content.study.statements) else ("links",),
        traced=frozenset(evidence["traces"]),
        holds_statements=content.holds_statements,
    )
    return str(page)


def _environment() -> Any:
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FunctionLoader(_asset),
        finalize=partial(_shown, Markup),
    )
    environment.markup = Markup  # type: ignore[attr-defined]
    return environment


def _say(language: str, name: str) -> str:
    return say(name, language)


def _show(language: str, value: Any, share: bool) -> str:
    return show_cell(value, language, share=share)


def _as_place(text: str) -> str:
    """A place in the page as a link has it."""
    return quote(text, safe="/")


def _shown(markup: type, value: Any) -> Any:
    """What the template puts in: text without what is not to be seen; markup of our own as it is."""
    return for_html(value) if isinstance(value, str) and not isinstance(value, markup) else value


def _asset(name: str) -> str:
    return resources.files("policygap").joinpath(f"data/report/{name}").read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _clean(value: Any) -> Any:
    """The same data, every text in it without what is not to be shown."""
    if isinstance(value, str):
        return for_html(value)
    if isinstance(value, dict):
        return {for_html(str(name)): _clean(part) for name, part in value.items()}
    return list(map(_clean, value)) if isinstance(value, list | tuple) else value


def _for_script(data: str) -> str:
    """JSON that can't end the element it stands in, nor start another."""
    escapes = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
    for char, escape in escapes.items():
        data = data.replace(char, escape)
    return data
