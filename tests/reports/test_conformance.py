"""Checkers that are not ours find nothing in any document (opt in: -m slow).

`pip install page-validation pikepdf`. The first holds the rules of PDF/UA-1 and of PDF/A-2a that veraPDF holds, the
second is QPDF, which reads every object and stream.
"""

from pathlib import Path

import pytest

from reports import render
from reports.source import read

pytestmark = pytest.mark.slow
LENGTH = "PDFA2A-STREAM-LENGTH-001"
"""Compressed data that end in a carriage return are called a byte too long; QPDF holds the lengths of streams."""


@pytest.fixture(params=["en-GB", "fr-FR", "de-DE"])
def documents(run: Path, request: pytest.FixtureRequest) -> list[Path]:
    study = run / "study.yaml"
    study.write_text(study.read_text().replace("en-GB", request.param))
    made = render.documents(run / "report", read(run), ["board_report.ipynb"])
    found = [path for path in made if path.suffix == ".pdf"]
    assert {path.name for path in found} == {"board.pdf", "budget.pdf", "model_card.pdf"}
    return found


@pytest.mark.parametrize(("profile", "rules"), [("pdfua1", 100), ("pdfa2a", 150)])
def test_no_rule_of_accessibility_or_of_archives_is_broken(documents: list[Path], profile: str, rules: int) -> None:
    checker = pytest.importorskip("page", reason="page-validation is not installed")
    for path in documents:
        report = checker.validate_pdf(path, profile=profile)
        assert report.rules.total >= rules
        assert {failure.rule_id for failure in report.failures} <= {LENGTH}


def test_an_independent_reader_finds_no_fault_in_any_object_or_stream(documents: list[Path]) -> None:
    pikepdf = pytest.importorskip("pikepdf", reason="pikepdf is not installed")
    for path in documents:
        with pikepdf.open(path) as document:
            assert document.check_pdf_syntax() == []
            assert document.open_metadata().pdfa_status == "2A"
