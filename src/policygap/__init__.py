"""Policy-gap comparison: what a consultation asked for, a policy answers and research recommended, and where they part.

Names load when they are first used, so that ``import policygap`` costs little more than the interpreter.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "Actor": "model",
    "Agreement": "agreement",
    "Bootstrap": "uncertainty",
    "Choices": "choices",
    "Claim": "model",
    "Code": "model",
    "CodeMapping": "io.mapping",
    "Commitment": "commitment",
    "Coverage": "coverage",
    "DecisionTable": "decisions",
    "DecisionTableError": "errors",
    "Documents": "documents",
    "Evaluation": "evaluation",
    "FrameCoverage": "framecoverage",
    "Gap": "gaps",
    "Group": "model",
    "Limits": "io.limits",
    "Matrix": "matrices",
    "Network": "network",
    "Notice": "notices",
    "PolicyGapError": "errors",
    "Problem": "errors",
    "Question": "model",
    "Response": "model",
    "Robustness": "robustness",
    "Rule": "rules.rule",
    "RuleSet": "rules.ruleset",
    "Source": "model",
    "StatedCount": "model",
    "Study": "study",
    "StudyDiff": "comparison",
    "StudyError": "errors",
    "UsageError": "errors",
    "bootstrap": "uncertainty",
    "build_graph": "graph",
    "build_matrix": "matrices",
    "build_study": "study",
    "built_in_table": "decisions",
    "check_claims": "claims",
    "collapse_campaigns": "documents",
    "collect_evidence": "evidence",
    "compare_prompted": "prompting",
    "compare_sides": "sides",
    "cross_tabulate": "crosstabs",
    "describe_network": "network",
    "diff_studies": "comparison",
    "evaluate_rules": "evaluation",
    "export_review": "review",
    "find_campaigns": "documents",
    "find_conflicts": "tracing",
    "find_gaps": "gaps",
    "find_problems": "study",
    "find_stale": "comparison",
    "find_unusual_cells": "unusual",
    "gap_matrix": "matrices",
    "import_review": "review",
    "leave_one_out": "stability",
    "list_bundled": "study",
    "list_examples": "tracing",
    "list_speakers": "tracing",
    "list_touches": "touchlists",
    "measure_agreement": "agreement",
    "measure_commitment": "commitment",
    "measure_coverage": "coverage",
    "measure_frame": "framecoverage",
    "measure_robustness": "robustness",
    "read_documents": "documents",
    "read_rules": "rules.reading",
    "read_study": "study",
    "read_table": "decisions",
    "select_quotes": "tracing",
    "split_statements": "evaluation",
    "stamp_codings": "comparison",
    "start_study": "starting",
    "trace": "tracing",
    "write_evidence": "onward",
    "write_graph": "onward",
    "write_report": "report",
    "write_rules": "rules.reading",
}

__all__ = [
    "Actor",
    "Agreement",
    "Bootstrap",
    "Choices",
    "Claim",
    "Code",
    "CodeMapping",
    "Commitment",
    "Coverage",
    "DecisionTable",
    "DecisionTableError",
    "Documents",
    "Evaluation",
    "FrameCoverage",
    "Gap",
    "Group",
    "Limits",
    "Matrix",
    "Network",
    "Notice",
    "PolicyGapError",
    "Problem",
    "Question",
    "Response",
    "Robustness",
    "Rule",
    "RuleSet",
    "Source",
    "StatedCount",
    "Study",
    "StudyDiff",
    "StudyError",
    "UsageError",
    "__version__",
    "bootstrap",
    "build_graph",
    "build_matrix",
    "build_study",
    "built_in_table",
    "check_claims",
    "collapse_campaigns",
    "collect_evidence",
    "compare_prompted",
    "compare_sides",
    "cross_tabulate",
    "describe_network",
    "diff_studies",
    "evaluate_rules",
    "export_review",
    "find_campaigns",
    "find_conflicts",
    "find_gaps",
    "find_problems",
    "find_stale",
    "find_unusual_cells",
    "gap_matrix",
    "import_review",
    "leave_one_out",
    "list_bundled",
    "list_examples",
    "list_speakers",
    "list_touches",
    "measure_agreement",
    "measure_commitment",
    "measure_coverage",
    "measure_frame",
    "measure_robustness",
    "read_documents",
    "read_rules",
    "read_study",
    "read_table",
    "select_quotes",
    "split_statements",
    "stamp_codings",
    "start_study",
    "trace",
    "write_evidence",
    "write_graph",
    "write_report",
    "write_rules",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'policygap' has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


if TYPE_CHECKING:
    from .agreement import Agreement, measure_agreement
    from .choices import Choices
    from .claims import check_claims
    from .commitment import Commitment, measure_commitment
    from .comparison import StudyDiff, diff_studies, find_stale, stamp_codings
    from .coverage import Coverage, measure_coverage
    from .crosstabs import cross_tabulate
    from .decisions import DecisionTable, built_in_table, read_table
    from .documents import Documents, collapse_campaigns, find_campaigns, read_documents
    from .errors import DecisionTableError, PolicyGapError, Problem, StudyError, UsageError
    from .evaluation import Evaluation, evaluate_rules, split_statements
    from .evidence import collect_evidence
    from .framecoverage import FrameCoverage, measure_frame
    from .gaps import Gap, find_gaps
    from .graph import build_graph
    from .io.limits import Limits
    from .io.mapping import CodeMapping
    from .matrices import Matrix, build_matrix, gap_matrix
    from .model import Actor, Claim, Code, Group, Question, Response, Source, StatedCount
    from .network import Network, describe_network
    from .notices import Notice
    from .onward import write_evidence, write_graph
    from .prompting import compare_prompted
    from .report import write_report
    from .review import export_review, import_review
    from .robustness import Robustness, measure_robustness
    from .rules.reading import read_rules, write_rules
    from .rules.rule import Rule
    from .rules.ruleset import RuleSet
    from .sides import compare_sides
    from .stability import leave_one_out
    from .starting import start_study
    from .study import Study, build_study, find_problems, list_bundled, read_study
    from .touchlists import list_touches
    from .tracing import find_conflicts, list_examples, list_speakers, select_quotes, trace
    from .uncertainty import Bootstrap, bootstrap
    from .unusual import find_unusual_cells
