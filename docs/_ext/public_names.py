"""The reference page and `policygap.__all__` come in; a warning for every name that only one of them has goes out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging

PAGE = "reference/api"
DIRECTIVE = re.compile(r"^`{3,}\{auto(?:function|class|exception|data|decorator)\} policygap\.(\w+)$", re.MULTILINE)


def compare(app: Sphinx) -> None:
    """Warn of public names that the page leaves out and of names on it that are not public."""
    import policygap

    logger = logging.getLogger(__name__)
    described = set(DIRECTIVE.findall(Path(app.srcdir, f"{PAGE}.md").read_text(encoding="utf-8")))
    public = {name for name in policygap.__all__ if not name.startswith("__")}
    for name in sorted(public - described):
        logger.warning("%s does not describe the public name %s", PAGE, name)
    for name in sorted(described - public):
        logger.warning("%s describes %s, which is not in policygap.__all__", PAGE, name)


def setup(app: Sphinx) -> dict[str, Any]:
    """Run the comparison before the pages are read."""
    app.connect("builder-inited", compare)
    return {"parallel_read_safe": True}
