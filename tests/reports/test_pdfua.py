"""Checkers that are not ours find nothing in any document (opt in: -m slow).

They want pdfua, which checks a part of the rules of PDF/UA, and pikepdf, whose QPDF reads every object and stream:
`pip install pdfua pikepdf`. They can refute conformance and not prove it.
"""

from pathlib import Path

import pytest

from reports import render
from reports.source import read

pytestmark = pytest.mark.slow
EVALUATED = 11
"""The checks that it must have made; one of its 12 fails on the placement of a figure, of itself."""


@pytest.fixture
def documents(run: Path) -> list[Path]:
    made = render.documents(run / "report", read(run), ["board_report.ipynb"])
    found = [path for path in made if path.suffix == ".pdf"]
    assert {path.name for path in found} == {"board.pdf", "budget.pdf", "model_card.pdf"}
    return found


def test_an_independent_checker_of_accessibility_finds_nothing(documents: list[Path]) -> None:
    pdfua = pytest.importorskip("pdfua", reason="pdfua is not installed")
    for path in documents:
        report = pdfua.validate(str(path))
        assert not report.findings
        assert len(report.outcomes) - len(report.skipped) >= EVALUATED


def test_an_independent_reader_finds_no_fault_in_any_object_or_stream(documents: list[Path]) -> None:
    pikepdf = pytest.importorskip("pikepdf", reason="pikepdf is not installed")
    for path in documents:
        with pikepdf.open(path) as document:
            assert document.check_pdf_syntax() == []
            assert document.open_metadata().pdfa_status == "2A"
