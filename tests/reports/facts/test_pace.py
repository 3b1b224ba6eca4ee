"""The page of a plan inside its quarter says what the tables say, in one page."""

import io
import json
import re
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from pypdf import PdfReader

from reports import render
from reports.facts import pace
from reports.source import language, read
from tests.reports.facts.test_sentences import sentences

BRIDGE = {"plan": "1000.10", "volume": "-20.00", "mix": "5.05", "price": "0.00", "efficiency": "1.00"}
BRIDGE |= {"unexplained": "-86.15", "actual": "900.00"}
FOUND = {
    "periods_done": 4,
    "periods_left": 9,
    "first": "2026-10-05",
    "as_of": "2026-10-26",
    "spend": {"plan": 300.0, "actual": 280.0},
    "outcome": {"actual": 900.0, "plan_mean": 1000.0, "plan_p05": 950.0, "plan_p95": 1050.0},
    "verdict": "below plan",
    "bridge": BRIDGE,
    "budget_left": 620.0,
    "proposal": {
        "moves": True,
        "gain_vs_plan": {"mean": 12.0, "p05": -3.0, "p95": 30.0},
        "probability": 0.81,
        "optimality_gap": 0.0004,
    },
    "reason": "",
}


def written(run: Path, **changes: object) -> Path:
    names = list(read(run).study.data.channels)
    share = 1 / len(names)
    line = {
        "spend_plan": 300 * share,
        "spend_actual": 280 * share,
        "value_plan": 400 * share,
        "value_actual": 390 * share,
    }
    left = {"left_in_proportion": 620 * share, "left_proposed": 682 * share, "probability_right_direction": 0.7}
    rows = [{"channel": name} | line | left for name in names]
    pd.DataFrame([{"channel": "all"}, *rows]).to_csv(run / "pace.csv", index=False)
    (run / "pace.json").write_text(json.dumps(FOUND | changes))
    return run


def said(run: Path) -> list[str]:
    source = read(run)
    facts = pace.numbers(pd.read_csv(run / "pace.csv"), json.loads((run / "pace.json").read_text()), source.study)
    return [sentence.text for sentence in sentences(pace.words(facts, language(source)))]


def test_the_page_is_one_page_with_the_verdict_on_it(run: Path) -> None:
    document = PdfReader(render.pace(written(run)))
    assert len(document.pages) == 1
    text = " ".join(document.pages[0].extract_text().split())
    assert "The outcome is below plan. 4 periods are done. They brought €900, where €1.00k was to be expected" in text
    assert document.metadata is not None
    assert "D:20261026" in str(document.metadata.creation_date_raw)


def test_the_bridge_is_told_to_the_cent_and_sums(run: Path) -> None:
    source = read(written(run))
    facts = pace.numbers(pd.read_csv(run / "pace.csv"), FOUND, source.study)
    table = pace.words(facts, language(source))["bridge"]
    amounts = [Decimal(re.sub("−", "-", row[1].text).replace(",", "")) for row in table.rows]
    assert sum(amounts) == Decimal(table.total[1].text) == Decimal("900.00")


def test_the_rest_says_gain_chance_and_change(run: Path) -> None:
    text = " ".join(said(written(run)))
    assert re.search(r"brings \+€12\.00? \(−€3\.00? to €30\.00?\) against the plan's own split", text)
    assert "the chance of a gain is 81%." in text
    assert "+10%" in text
    assert "worth more than 0.04% more; that is proven" in text


@pytest.mark.parametrize(
    ("reason", "told"),
    [("the quarter is over", "the quarter is over."), ("the bounds need more", "proposed: the bounds need more.")],
)
def test_without_a_proposal_the_reason_is_told(run: Path, reason: str, told: str) -> None:
    texts = said(written(run, proposal=None, reason=reason))
    assert any(text.startswith("No split is proposed") and text.endswith(told) for text in texts)
    assert not any("Agreement" in text for text in texts)


def test_the_page_is_french_where_the_report_is(run: Path) -> None:
    study = run / "study.yaml"
    study.write_text(study.read_text().replace("en-GB", "fr-FR"))
    first = render.pace(written(run)).read_bytes()
    assert render.pace(run).read_bytes() == first
    text = " ".join(PdfReader(io.BytesIO(first)).pages[0].extract_text().split())
    assert "Suivi du plan" in text
    assert not re.search(r"\b(the|of|and|spend|plan's|periods)\b", text.replace("Paid", ""), re.IGNORECASE)
