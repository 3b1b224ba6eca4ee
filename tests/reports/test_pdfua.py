"""A checker of PDF/UA that is not ours finds nothing in any document (opt in: -m slow).

It wants pdfua: `pip install pdfua`. It checks a part of the rules, so it can refute conformance and not prove it.
"""

from pathlib import Path

import pytest

from reports import render
from reports.source import read

pytestmark = pytest.mark.slow
pdfua = pytest.importorskip("pdfua", reason="pdfua is not installed")
EVALUATED = 11
"""The checks that it must have made; one of its 12 fails on the placement of a figure, of itself."""


def test_an_independent_checker_finds_nothing(run: Path) -> None:
    made = render.documents(run / "report", read(run), ["board_report.ipynb"])
    documents = [path for path in made if path.suffix == ".pdf"]
    assert {path.name for path in documents} == {"board.pdf", "budget.pdf", "model_card.pdf"}
    for path in documents:
        report = pdfua.validate(str(path))
        assert not report.findings
        assert len(report.outcomes) - len(report.skipped) >= EVALUATED
