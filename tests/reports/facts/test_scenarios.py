"""Other budgets are told by what they change, cost and save."""

from pathlib import Path

import pandas as pd
import pytest

from reports.facts import scenarios
from reports.source import language, read


def said(run: Path, scenario: str, budget: float, gain: float, margin: bool) -> str:
    path = run / "tables" / "scenarios.csv"
    table = pd.read_csv(path).astype({"budget": "float"})
    hold = float(table.loc[table["scenario"] == "hold", "budget"].iloc[0])
    table.loc[table["scenario"] == scenario, ["budget", "gain_vs_hold_mean"]] = [hold + budget, gain]
    table.to_csv(path, index=False)
    if not margin:
        study = run / "study.yaml"
        study.write_text(study.read_text().replace("    margin: 0.38\n", ""))
    source = read(run)
    words = scenarios.words(scenarios.numbers(source), language(source), "act")
    return next(s.text for s in words["paragraphs"] if s.text.startswith(scenario.capitalize()))


@pytest.mark.parametrize(
    ("scenario", "budget", "gain", "end"),
    [
        ("grow", 100.0, 80.0, "less than it costs."),
        ("grow", 100.0, 180.0, "more than it costs."),
        ("cut", -100.0, -80.0, "less than it saves."),
        ("cut", -100.0, -180.0, "more than it saves."),
    ],
)
def test_without_a_margin_a_change_is_held_against_its_cost(
    run: Path, scenario: str, budget: float, gain: float, end: str
) -> None:
    assert said(run, scenario, budget, gain, margin=False).endswith(end)


def test_with_a_margin_the_profit_is_stated(run: Path) -> None:
    text = said(run, "grow", 100_000.0, 200_000.0, margin=True)
    assert text.endswith("at a margin of 38% that is −€24.0k of profit.")


def test_the_current_plan_is_lit_where_the_decision_is_to_hold(run: Path) -> None:
    source = read(run)
    facts = scenarios.numbers(source)
    for action, row in (("act", 1), ("hold", 0)):
        assert scenarios.words(facts, language(source), action)["table"].highlight == row
