"""The page in a real browser: its figures are the library's, it asks nobody for anything, and no text of it runs.

Without Chromium these tests are skipped and say so; what runs everything installs it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import pytest
from hypothesis import given, settings

import policygap as pg
from policygap.testing import studies

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install it, on Debian with apt install chromium")

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCREENS = {
    "light": {"viewport": {"width": 1280, "height": 900}},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}
HOSTILE = (
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    "</script><script>window.hit=1</script>",
    "</title></style><svg onload=window.hit=1>",
    "<svg><animate onbegin=window.hit=1 attributeName=x dur=1s>",
    "\"' onmouseover=window.hit=1 autofocus onfocus=window.hit=1 x='",
    "javascript:window.hit=1",
    "{{ 7 * 7 }}{% for x in y %}${window.hit=1}#{7*7}",
    "</style><style>*{display:none}</style>",
    "@import url(https://example.org/x.css); color:expression(window.hit=1)",
    "a\u202egnp.exe\u2066b\u2069\u200bc\u200e\u0000\u0007\u001b[31m",
    "\u05e9\u05dc\u05d5\u05dd \u0627\u0644\u0633\u0644\u0627\u0645 \U0001f468\u200d\U0001f469 \u4e2d\u6587",
    "]]> <!-- --> <![CDATA[ &lt; &amp;amp; %3Cscript%3E",
    "=cmd|' /C calc'!A0",
    "__proto__",
    "constructor",
)
"""Labels as somebody who means harm would write them."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as engine:
        running = engine.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open a page; at the end nothing may have been asked of a network, logged as an error or thrown."""
    wrong: list[str] = []
    contexts: list[Any] = []

    def open_page(path: Path, place: str = "", *, script: bool = True, **screen: Any) -> Any:
        context = browser.new_context(bypass_csp=not script, **{**SCREENS["light"], **screen})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith("file:") else wrong.append(request.url))
        page.goto(path.as_uri() + place)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, smabystrategi: pg.Study) -> Path:
    tried = pg.measure_robustness(smabystrategi, dimensions=["unit", "weights", "counting", "groups"], together=5)
    folder = tmp_path_factory.mktemp("report")
    return pg.write_report(smabystrategi, folder, formats=["html"], robustness=tried)[0]


def read_map(page: Any) -> pd.DataFrame:
    """The matrix as the page shows it, ids by ids."""
    rows = page.evaluate(
        """() => [...document.querySelectorAll('table.map tbody tr')].map((line) => [
             line.querySelector('th').title.split(':')[0],
             ...[...line.querySelectorAll('td')].map((cell) => cell.textContent)])"""
    )
    heads = page.evaluate(
        "() => [...document.querySelectorAll('table.map thead button')].map((one) => one.title.split(':')[0])"
    )
    return pd.DataFrame([row[1:] for row in rows], index=[row[0] for row in rows], columns=heads)


def as_shown(matrix: pg.Matrix) -> pd.DataFrame:
    marks = {"zero": "0", "none": "\N{EN DASH}", "linked": "+", "not_assessed": ""}
    cells = [
        [str(value) if state == "evidence" else marks[state] for value, state in zip(values, states, strict=True)]
        for values, states in zip(matrix.values.to_numpy(object), matrix.states.to_numpy(object), strict=True)
    ]
    return pd.DataFrame(cells, index=list(matrix.values.index), columns=list(matrix.values.columns))


@pytest.mark.parametrize("kind", ["focus_area", "recommendation"])
@pytest.mark.parametrize("values", ["speakers", "statements"])
def test_the_map_is_the_librarys_matrix(
    kind: str, values: str, report: Path, opened: Callable[..., Any], smabystrategi: pg.Study
) -> None:
    page = opened(report)
    page.select_option("#map-kind", kind)
    page.select_option("#map-values", values)
    shown = read_map(page).map(lambda text: text.removesuffix(" \N{PLUS-MINUS SIGN}"))
    pd.testing.assert_frame_equal(shown, as_shown(pg.build_matrix(smabystrategi, "theme", kind, values)))


@settings(max_examples=12)
@given(made=studies())
def test_the_map_of_any_study_is_the_librarys_matrix(
    made: pg.Study, browser: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(
        pg.write_report(made, tmp_path_factory.mktemp("any") / "out", formats=["html"], robustness=False)[0].as_uri()
    )
    for kind in made.target_kinds:
        page.select_option("#map-kind", kind)
        shown = read_map(page).map(lambda text: text.removesuffix(" \N{PLUS-MINUS SIGN}"))
        assert shown.to_numpy().tolist() == as_shown(pg.build_matrix(made, "theme", kind)).to_numpy().tolist()
    page.close()
    assert errors == []


def test_the_map_of_one_group_is_that_of_its_own_statements(
    report: Path, opened: Callable[..., Any], smabystrategi: pg.Study
) -> None:
    page = opened(report)
    for group in ("counties", "national-bodies"):
        label = next(one.label for one in smabystrategi.groups if one.id == group)
        page.select_option("#map-group", label=label)
        members = {actor.id for actor in smabystrategi.actors if actor.group == group} | {group}
        kept = smabystrategi.statements[smabystrategi.statements["speaker"].isin(members)]
        codings = smabystrategi.codings[smabystrategi.codings["statement"].isin(kept["id"])]
        alone = smabystrategi.with_tables(statements=kept, codings=codings)
        shown = read_map(page).map(lambda text: text.removesuffix(" \N{PLUS-MINUS SIGN}"))
        pd.testing.assert_frame_equal(shown, as_shown(pg.build_matrix(alone, "theme", "focus_area", "speakers")))


def test_shares_are_the_librarys(report: Path, opened: Callable[..., Any], smabystrategi: pg.Study) -> None:
    page = opened(report)
    page.select_option("#map-values", "share")
    share = pg.gap_matrix(smabystrategi, values="share").loc["planning", "F"]
    assert read_map(page).loc["planning", "F"].removesuffix(" \N{PLUS-MINUS SIGN}") == f"{share:.0%}"


def test_a_cell_opens_the_statements_behind_it_and_can_be_linked_to(
    report: Path, opened: Callable[..., Any], smabystrategi: pg.Study
) -> None:
    page = opened(report, "#cell/town-capacity/F")
    page.wait_for_selector("dialog[open]")
    shown = page.eval_on_selector_all("dialog .said", "all => all.map((one) => one.querySelector('p').textContent)")
    traced = pg.trace(smabystrategi, theme="town-capacity", target="F")
    assert sorted(shown) == sorted(traced["text"])
    facts = page.inner_text("dialog .said >> nth=0")
    for word in ("Speaker", "Source", "Kind", "Coding", "consensus"):
        assert word in facts
    page.keyboard.press("Escape")
    assert not page.query_selector("dialog[open]")


def test_a_gap_has_a_link_of_its_own_and_its_evidence(
    report: Path, opened: Callable[..., Any], smabystrategi: pg.Study
) -> None:
    gap = next(gap for gap in pg.find_gaps(pg.measure_coverage(smabystrategi)) if gap.is_gap)
    page = opened(report, f"#gap/{gap.subject}")
    assert page.is_visible(f"li[id='gap/{gap.subject}']")
    page.click(f"li[id='gap/{gap.subject}'] button")
    page.wait_for_selector("dialog[open]")
    assert gap.sentence() in page.inner_text("dialog")
    assert page.locator("dialog .said").count() == min(len(gap.statements), 50)


def test_sorting_searching_and_ordering(report: Path, opened: Callable[..., Any], smabystrategi: pg.Study) -> None:
    page = opened(report)
    page.click("table.map thead button >> nth=5")
    column = [int(cell) for cell in read_map(page)["F"]]
    assert column == sorted(column, reverse=True)
    assert page.get_attribute("table.map thead th >> nth=6", "aria-sort") == "descending"
    page.fill("#map-search", "planning")
    assert list(read_map(page).index) == ["planning"]
    page.fill("#map-search", "")
    page.select_option("#map-order", "likeness")
    assert sorted(read_map(page).index) == sorted(set(read_map(page).index))
    assert len(read_map(page)) == page.evaluate(
        "JSON.parse(document.getElementById('data').textContent).codes.filter((code) => code.kind === 'theme').length"
    )


def test_the_keyboard_alone_is_enough(report: Path, opened: Callable[..., Any]) -> None:
    page = opened(report)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.focus("table.map td[tabindex='0']")
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "End", "Home"):
        page.keyboard.press(key)
    place = page.evaluate("[document.activeElement.dataset.row, document.activeElement.dataset.column]")
    assert place == ["2", "0"]
    assert "Labour" in page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.row") == "2"


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("place", ["", "#cell/planning/F"])
def test_axe_finds_nothing_against_wcag(screen: str, place: str, report: Path, opened: Callable[..., Any]) -> None:
    import axe_playwright_python

    axe = next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")).read_text(encoding="utf-8")
    page = opened(report, place, script=False, **SCREENS[screen])
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    page.evaluate(axe)
    found = page.evaluate("(tags) => axe.run(document, { runOnly: tags })", WCAG)["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


def test_nothing_is_wider_than_a_phone(report: Path, opened: Callable[..., Any]) -> None:
    page = opened(report, **SCREENS["phone"])
    assert page.evaluate("document.documentElement.scrollWidth") <= SCREENS["phone"]["viewport"]["width"]


def test_it_prints_the_whole_matrix_on_a4(report: Path, opened: Callable[..., Any], tmp_path: Path) -> None:
    page = opened(report)
    page.pdf(path=str(tmp_path / "report.pdf"), format="A4", prefer_css_page_size=True)
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


def test_without_a_script_the_tables_are_there(browser: Any, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    assert page.is_visible("noscript >> nth=0")
    assert "Planning" in page.inner_text("section[aria-labelledby='map']")
    assert not page.is_visible("#map-kind")
    context.close()


@pytest.mark.parametrize("language", ["en", "nb"])
def test_text_of_strangers_is_shown_as_text_and_never_runs(
    language: str, tmp_path: Path, opened: Callable[..., Any]
) -> None:
    many = range(len(HOSTILE))
    study = pg.build_study(
        name="hostile",
        meta={"title": HOSTILE[0], "description": HOSTILE[2]},
        sources=pd.DataFrame({"id": ["s"], "title": [HOSTILE[3]], "url": [HOSTILE[6]], "publisher": [HOSTILE[1]]}),
        groups=pd.DataFrame({"id": [f"g{n}" for n in many], "label": HOSTILE}),
        actors=pd.DataFrame({"id": [f"a{n}" for n in many], "label": HOSTILE, "group": [f"g{n}" for n in many]}),
        themes=pd.DataFrame({"id": [f"t{n}" for n in many], "label": HOSTILE, "definition": HOSTILE}),
        targets=pd.DataFrame({"id": [f"A{n}" for n in many], "kind": "focus_area", "label": HOSTILE}),
        statements=pd.DataFrame(
            {"id": [f"x{n}" for n in many], "speaker": [f"a{n}" for n in many], "text": HOSTILE, "kind": "call",
             "source": "s", "locator": HOSTILE}
        ),
        codings=pd.DataFrame(
            {"statement": [f"x{n}" for n in many] * 2, "code": [*(f"t{n}" for n in many), *(f"A{n}" for n in many)],
             "coder": HOSTILE[1]}
        ),
    )  # fmt: skip
    page = opened(pg.write_report(study, tmp_path / "out", language=language, formats=["html"], robustness=False)[0])
    for number in (0, 5, 9, 10, 14):
        page.evaluate(f"location.hash = '#cell/t{number}/A{number}'")
        page.wait_for_selector("dialog[open] .said")
        shown = page.inner_text("dialog .said p")
        wanted = "".join(char for char in HOSTILE[number] if char.isprintable() and char not in "\u200b\u200e")
        assert "".join(char for char in shown if char != "\u200e").split() == wanted.split()
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog[open]", state="detached")
        page.wait_for_url(lambda url: not urlsplit(url).fragment)  # closing sets the address back a moment later
    assert page.evaluate("window.hit") is None
    assert page.locator("script").count() == 2  # the data and our own
    assert page.locator("img, iframe, object, embed, link, base").count() == 0
    assert page.is_visible("h2")
    hidden = page.evaluate("document.body.innerText.match(/[\\u202a-\\u202e\\u2066-\\u2069]/)")
    assert hidden is None


def test_a_label_of_a_megabyte_does_not_break_the_page(
    tmp_path: Path, opened: Callable[..., Any], smabystrategi: pg.Study
) -> None:
    themes = smabystrategi.tables["themes"].copy()
    themes["label"] = themes["label"].astype(object)
    themes.loc[0, "label"] = "x" * 1_000_000
    path = pg.write_report(
        smabystrategi.with_tables(themes=themes), tmp_path / "out", formats=["html"], robustness=False
    )[0]
    page = opened(path)
    assert len(read_map(page)) == len(themes)
    assert page.evaluate("document.documentElement.scrollWidth") <= SCREENS["light"]["viewport"]["width"]


def test_it_is_small(report: Path) -> None:
    assert report.stat().st_size < 2_000_000


def test_a_page_of_too_many_statements_shows_its_tables(
    opened: Callable[..., Any], smabystrategi: pg.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("policygap.report.content.MOST_SHOWN", 100)
    path = pg.write_report(smabystrategi, tmp_path, formats=["html"], robustness=False)[0]
    page = opened(path)
    caption = "Gap matrix: theme by focus area, distinct speakers"
    assert page.locator("table", has=page.locator("caption", has_text=caption)).first.is_visible()
    assert page.locator("form, button.open").count() == 0
    assert path.stat().st_size < 500_000
