"""Checks and the backtest as a board reads them: alarms first, one closest call a kind, weak channels said loudly."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from reports.facts import trust
from reports.source import language, read


def page(run: Path, checks: list[tuple[Any, ...]]) -> dict[str, Any]:
    columns = ["check", "subject", "statistic", "limit", "result", "message"]
    pd.DataFrame(checks, columns=columns).to_csv(run / "tables" / "checks.csv", index=False)
    source = read(run)
    return trust.words(trust.numbers(source), language(source))


CHECKS = [
    ("r_hat", "tv", 1.001, 1.01, "pass", None),
    ("r_hat", "radio", 1.009, 1.01, "pass", None),
    ("effective_draws", "tv", 450.0, 400.0, "pass", None),
    ("learning", "radio", 0.1, 0.4, "caution", "The data teach little about radio."),
    ("divergences", "sampler", 0.2, 0.001, "fail", "A fifth of the draws diverged."),
]


def test_alarms_come_first_and_passed_kinds_show_their_closest_call(run: Path) -> None:
    rows = [[cell.text for cell in row] for row in page(run, CHECKS)["table"].rows]
    assert rows == [
        ["Divergences", "sampler", "0.200", "≤ 0.001", "Fail"],
        ["Learning from the data", "radio", "0.100", "≥ 0.400", "Caution"],
        ["R-hat", "closest of 2: radio", "1.009", "≤ 1.010", "Pass"],
        ["Effective draws", "tv", "450", "≥ 400", "Pass"],
    ]


def test_a_weakly_identified_channel_is_said_loudly(run: Path) -> None:
    weak = page(run, CHECKS)["weak"]
    assert weak.text.startswith("Radio is weakly identified")
    assert page(run, CHECKS[:3])["weak"] is None


def test_each_failure_has_its_sentence_and_a_pass_has_none(run: Path) -> None:
    failures = [sentence.text for sentence in page(run, CHECKS)["failures"]]
    assert failures == ["Fail: A fifth of the draws diverged.", "Caution: The data teach little about radio."]


def test_checks_are_counted(run: Path) -> None:
    summary = page(run, CHECKS)["paragraphs"][1].text
    assert summary == "Of 5 checks agreed before fitting, 3 passed, 1 failed, and 1 came out as caution."


def test_a_run_without_hidden_periods_says_that_its_forecasts_are_untested(run: Path) -> None:
    path = run / "tables" / "fit.csv"
    pd.read_csv(path).assign(split="train").to_csv(path, index=False)
    assert page(run, CHECKS)["paragraphs"][0].text.startswith("No period was hidden from the model")


def test_coverage_and_error_are_worked_by_hand() -> None:
    table = pd.DataFrame(
        {"time": ["a", "b"], "actual": [10.0, 30.0], "expected": [12.0, 30.0], "p05": [11.0, 20.0], "p95": [20.0, 40.0]}
    )
    assert trust.accuracy(table) == {"rows": 2, "periods": 2, "inside": 1, "wmape": 2 / 40}
    assert trust.accuracy(table.iloc[:0]) is None


@pytest.mark.parametrize(
    ("multiples", "said"),
    [
        ([1.4, -0.2, -0.3], "stronger than any measured one to bring TV below break-even."),
        ([1.4, 2.0, -0.3], "to bring any channel that pays back (TV and Radio) below break-even."),
        ([0.4, 2.0, -0.3], "no stronger than the strongest measured one, would bring TV below break-even"),
    ],
)
def test_the_channels_that_a_hidden_cause_could_tip_are_named(run: Path, multiples: list[float], said: str) -> None:
    table = pd.DataFrame({"channel": ["tv", "radio", "print"], "tipping_multiple": multiples})
    table.to_csv(run / "tables" / "learning.csv", index=False)
    assert said in " ".join(sentence.text for sentence in page(run, CHECKS)["paragraphs"])


def test_where_no_channel_pays_back_nothing_is_said_of_hidden_causes(run: Path) -> None:
    table = pd.DataFrame({"channel": ["tv"], "tipping_multiple": [-0.4]})
    table.to_csv(run / "tables" / "learning.csv", index=False)
    assert "hidden cause" not in " ".join(sentence.text for sentence in page(run, CHECKS)["paragraphs"])
