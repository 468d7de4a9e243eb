"""A crosswalk without statements: six controls of one framework against four chapters of another.

The left side is a handful of outcomes in the manner of the NIST Cybersecurity Framework 2.0, the right side the four
themes of ISO/IEC 27001:2022, annex A. The relations were written for this example, by hand; they are no authority. The
set relations (equal, subset, superset, intersects, none) are those of NIST IR 8477.

    control             chapters it is related to            by hand
    GV.PO  policy       A.5 intersects                       A.5: GV.PO, ID.AM, RS.MA  -> 3 of 6
    ID.AM  assets       A.5 subset, A.8 intersects           A.6: PR.AT                -> 1 of 6
    PR.AT  training     A.6 subset                           A.7: none                 -> 0 of 6
    PR.DS  data         A.8 subset                           A.8: ID.AM, PR.DS         -> 2 of 6
    RS.MA  incidents    A.5 subset
    RC.CO  recovery     none of them: compared with all
"""

from __future__ import annotations

import policygap as pg

CONTROLS = {
    "GV.PO": "Policy is established and communicated",
    "ID.AM": "Assets are identified and managed",
    "PR.AT": "Personnel are trained",
    "PR.DS": "Data are managed with their risk",
    "RS.MA": "Incidents are responded to",
    "RC.CO": "Recovery is coordinated with outsiders",
}
CHAPTERS = {"A.5": "Organisational", "A.6": "People", "A.7": "Physical", "A.8": "Technological"}
LINKS = [
    ("GV.PO", "A.5", "intersects"),
    ("ID.AM", "A.5", "subset"),
    ("ID.AM", "A.8", "intersects"),
    ("PR.AT", "A.6", "subset"),
    ("PR.DS", "A.8", "subset"),
    ("RS.MA", "A.5", "subset"),
    ("RC.CO", None, "none"),  # an empty target: it was held against all chapters and fits none
]


def main() -> None:
    study = pg.build_study(
        title="Outcomes and chapters",
        themes=[{"id": name, "label": label} for name, label in CONTROLS.items()],
        targets=[{"id": name, "kind": "chapter", "label": label} for name, label in CHAPTERS.items()],
        links=[{"theme": theme, "target": target, "relation": relation} for theme, target, relation in LINKS],
    )

    # 1 is a relation, 0 an explicit none, and NA a pair that nobody has written anything about.
    print(pg.gap_matrix(study, rows="theme", columns="chapter").to_string(), "\n")

    # Without statements the themes are the units: attention is the share of those that were compared at all.
    coverage = pg.measure_coverage(study)
    assert coverage.unit == "theme"
    for name in CHAPTERS:
        row = coverage.targets.loc[name]
        print(f"attention to {name}: {row['units']} of {row['assessed']} controls, {row['attention']:.2f}")
    assert coverage.targets["units"].tolist() == [3, 1, 0, 2]
    assert coverage.targets["assessed"].tolist() == [6, 6, 6, 6]

    # Nobody called for anything, so there is no demand, and no theme is an unmet call.
    print()
    for gap in pg.find_gaps(coverage):
        if gap.table == "target":
            print(f"{gap.subject}: {gap.kind} (row {gap.row}), by {'; '.join(gap.links) or 'no link'}")
    assert coverage.themes["demand"].isna().all()


if __name__ == "__main__":
    main()
