"""The verdict cards in words: the tipping point, what was measured, and contradictions said once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from reports.facts import cards
from reports.source import language, read


def told(run: Path) -> dict[str, Any]:
    source = read(run)
    return cards.words(cards.numbers(source), language(source))


def rewrite(run: Path, **columns: list[float]) -> None:
    path = run / "tables" / "cards.csv"
    pd.read_csv(path).assign(**columns).to_csv(path, index=False)


@pytest.mark.parametrize(
    ("off", "said"), [(0.24, "overstated by 24% to flip"), (-0.3, "understated by 30% to flip"), (0.0, "by 0%")]
)
def test_the_channel_nearest_to_its_tipping_point_says_how_wrong_it_may_be(run: Path, off: float, said: str) -> None:
    rewrite(run, overstated_by=[0.5, off, -0.6, 2.0])
    note = told(run)["card_notes"][0].text
    assert note.startswith("Paid search is nearest")
    assert said in note


def test_every_channel_says_how_far_off_its_return_would_have_to_be(run: Path) -> None:
    rewrite(run, overstated_by=[0.5, 0.24, -0.6, 2.0])
    last = [row[-1].text for row in told(run)["cards"].rows]
    assert last == ["50% too high", "24% too high", "60% too low", "more than 100% too high"]


def test_columns_of_experiments_are_there_only_where_something_was_tested(run: Path) -> None:
    head = [cell.text for cell in told(run)["cards"].head]
    assert "Bayes factor" in head
    rewrite(run, experiments=[0, 0, 0, 0])
    assert [cell.text for cell in told(run)["cards"].head] == [name for name in head if name not in head[3:7]]


def test_a_contradiction_is_said_once_and_one_that_cannot_be_tested_is_said_too(run: Path) -> None:
    rows = [
        ("spring", None, "TV", "conflict", "spring contradicts the model."),
        ("summer", "spring", "TV", "conflict", "summer contradicts spring."),
        ("autumn", None, "Paid search", "not_testable", "autumn moves the model too far."),
        ("winter", None, "Paid search", "pass", "winter agrees."),
    ]
    names = ["experiment", "other", "channel", "result", "message"]
    pd.DataFrame(rows, columns=names).to_csv(run / "tables" / "experiments.csv", index=False)

    def notes() -> list[str]:
        return [sentence.text for sentence in told(run)["card_notes"][1:]]

    assert notes() == [
        "Conflict: summer contradicts spring.",
        "Conflict: spring contradicts the model.",
        "Not testable: autumn moves the model too far.",
    ]
    verdicts = pd.read_csv(run / "tables" / "verdicts.csv")
    failed = verdicts.iloc[[0]].assign(channel="TV", gate="experiment", result="fail")
    pd.concat([verdicts, failed]).to_csv(run / "tables" / "verdicts.csv", index=False)
    assert notes()[0] == "Conflict: summer contradicts spring."
    assert len(notes()) == 2


def test_a_run_without_cards_says_nothing_of_them(bare: Path) -> None:
    assert told(bare) == {"cards": None, "card_notes": []}
