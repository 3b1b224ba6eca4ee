from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mmm.plots import describe


@pytest.mark.parametrize(
    "name",
    [
        "allocation",
        "causal_agreement",
        "causal_graph",
        "contribution_over_time",
        "decomposition",
        "fit_over_time",
        "gates",
        "response_curves",
        "roi",
        "scenarios",
        "spend_shift",
        "verdict_cards",
    ],
)
def test_every_figure_of_any_run_has_words(ugly_run: Path, name: str) -> None:
    text = getattr(describe, name)(ugly_run)
    assert text.endswith(".")
    assert "nan" not in text.split()


def test_a_return_is_described_by_its_best_worst_and_doubtful() -> None:
    rows = [("tv", 2.0, 1.2, 3.0), ("radio", 0.8, 0.3, 1.4), ("search", 3.0, 2.5, 3.5)]
    frame = pd.DataFrame(rows, columns=["channel", "median", "p05", "p95"]).assign(geo="all", metric="roi", mean=1.0)
    assert describe.roi(frame) == (
        "Most is returned per unit of spend by Search 3.0 (2.5 to 3.5), least by Radio 0.80 (0.30 to 1.4) "
        "(median and 90% interval). The interval includes a loss for Radio."
    )


def test_a_shift_says_where_money_comes_from_and_where_it_goes() -> None:
    names = ["scenario", "channel", "geo", "period", "current_spend", "recommended_spend"]
    rows = [("recommended", "tv", "all", "all", 2e6, 1.5e6), ("recommended", "radio", "all", "all", 1e6, 1.5e6)]
    frame = pd.DataFrame(rows, columns=names)
    assert describe.spend_shift(frame) == "Proposed change in spend by channel; up: Radio +500k; down: TV −500k."
    stays = frame.assign(recommended_spend=frame["current_spend"])
    assert describe.spend_shift(stays) == "Spend by channel: nothing moves."


def test_curves_are_described_by_what_doubling_adds() -> None:
    rows = [("tv", m, v) for m, v in ((0, 0), (1, 10.0), (2, 11.0))] + [
        ("radio", m, v) for m, v in ((0, 0), (1, 10.0), (2, 18.0))
    ]
    frame = pd.DataFrame(rows, columns=["channel", "spend_multiple", "mean"]).assign(geo="all")
    assert (
        "Radio has the most room: at 2.0 times its spend it adds 80% to its contribution; TV the least: 10%"
        in describe.response_curves(frame)
    )
