"""What a notebook shows: tables of figures that are the library's, with every text escaped."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import policygap as pg
from policygap.showing import to_html_table

HOSTILE = "<script>alert(1)</script>&\u202e"


def cells(html: str) -> list[list[str]]:
    table = ET.fromstring(html[: html.index("</table>") + 8])
    return [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]


def test_text_is_escaped_wherever_it_stands() -> None:
    html = to_html_table(HOSTILE, [HOSTILE, "b"], [[HOSTILE, HOSTILE]])
    assert "<script>" not in html
    assert "\u202e" not in html
    assert cells(html)[1] == ["<script>alert(1)</script>&"] * 2


def test_a_long_table_says_how_much_it_leaves_out() -> None:
    html = to_html_table("many", ["n"], [[number] for number in range(205)])
    assert len(cells(html)) == 201
    assert html.endswith("<p>5 more rows</p>")


def test_a_matrix_shows_its_figures_and_shades_them(smabystrategi: pg.Study) -> None:
    matrix = pg.build_matrix(smabystrategi)
    html = matrix._repr_html_()
    shown = cells(html)
    assert shown[0][1:] == list(matrix.values.columns)
    assert [[int(cell) for cell in row[1:]] for row in shown[1:]] == matrix.values.to_numpy(int).tolist()
    assert "rgba(98, 165, 207, 1.00)" in html


def test_studies_coverage_and_gaps_show_themselves(smabystrategi: pg.Study) -> None:
    coverage = pg.measure_coverage(smabystrategi)
    gaps = pg.find_gaps(coverage)
    assert ["statements", str(len(smabystrategi.statements))] in cells(smabystrategi._repr_html_())
    assert cells(coverage._repr_html_())[1][0] == coverage.targets.index[0]
    assert [row[2] for row in cells(gaps._repr_html_())[1:]] == [gap.sentence() for gap in gaps]
    assert isinstance(gaps, tuple)
