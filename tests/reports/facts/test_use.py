"""The model card says what a run may be used for, and a failed run is for no decision."""

import json
from pathlib import Path

import pytest

from reports import facts, pages
from reports.source import read


def card(run: Path, verdict: str) -> dict[str, object]:
    path = run / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"verdict": verdict}))
    source = read(run)
    return pages.card(source, facts.numbers(source), ["a.ipynb"])


@pytest.mark.parametrize(
    ("verdict", "first", "last"),
    [("ok", "To explain", "To choose"), ("caution", "To explain", "Provisionally"), ("fail", "For no", "For no")],
)
def test_the_verdict_decides_what_the_model_is_for(run: Path, verdict: str, first: str, last: str) -> None:
    uses = [sentence.text for sentence in card(run, verdict)["use"]["uses"]]  # type: ignore[index]
    assert uses[0].startswith(first)
    assert uses[-1].startswith(last)


def test_a_run_without_plan_and_validation_has_a_card(bare: Path) -> None:
    page = card(bare, "ok")
    assert page["replay"] is None
    assert page["use"]["limits"]  # type: ignore[index]
