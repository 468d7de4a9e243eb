"""A decision table of your own, which says when an answer counts as one.

The built-in table for themes tells strong answers from weak ones. This one asks something plainer: is there an answer
that somebody has to act on? It is complete, so the library accepts it; a version with a forgotten case is refused.
"""

from __future__ import annotations

import policygap as pg

# Domains run from strong to weak, and "unknown" belongs to every one of them, named or not.
INPUTS = [
    {"name": "demand", "bands": [{"name": "little", "below": "1/5"}, {"name": "much"}]},
    {"name": "presence", "values": ["named", "mentioned", "absent", "excluded", "not_evidenced"]},
    {"name": "commitment", "values": ["fund", "act", "promote", "consider", "acknowledge", "none"]},
]
BINDING, LOOSE = ["fund", "act"], ["promote", "consider", "acknowledge", "none", "unknown"]
THERE, NOT_THERE = ["named", "mentioned"], ["absent", "excluded", "not_evidenced", "unknown"]

# Exactly one row must hold for each combination. An input that a row does not name may have any value.
ROWS = [
    {"when": {"demand": "much", "presence": THERE, "commitment": BINDING}, "outcome": "binding_answer"},
    {"when": {"demand": "much", "presence": THERE, "commitment": LOOSE}, "outcome": "loose_words"},
    {"when": {"demand": "much", "presence": NOT_THERE}, "outcome": "silence"},
    {"when": {"demand": ["little", "unknown"]}, "outcome": "too_few_ask"},
]


def main() -> None:
    table = pg.DecisionTable(name="theme", inputs=INPUTS, rows=ROWS, gaps=["silence", "loose_words"])
    print("decided on single values:", table.decide(demand=0.4, presence="named", commitment="fund").outcome)

    # In place of the built-in table for themes; the other tables stay.
    coverage = pg.measure_coverage(pg.read_study("smabystrategi"))
    gaps = [gap for gap in pg.find_gaps(coverage, tables={"theme": table}) if gap.table == "theme"]
    for outcome in table.outcomes:
        found = [gap.subject for gap in gaps if gap.kind == outcome]
        print(f"{outcome}: {len(found)}, such as {', '.join(found[:3]) or 'none'}")
    assert len(gaps) == len(coverage.study.themes)  # every theme is decided, once

    # Forget a case, and no table is made at all: the error names the combinations.
    try:
        pg.DecisionTable(name="theme", inputs=INPUTS, rows=ROWS[:-1])
    except pg.DecisionTableError as error:
        print("refused:", error.problems[0])


if __name__ == "__main__":
    main()
