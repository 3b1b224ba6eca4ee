"""The review finds what is weak in data that are correct."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm import speech
from mmm.data.panel import panel_from_frame
from mmm.data.review import Review, review
from mmm.data.simulate import Simulation, TrueChannel, simulate
from mmm.study import load_study


def panel_of(simulation: Simulation, frame: pd.DataFrame | None = None) -> xr.DataTree:
    return panel_from_frame(simulation.frame if frame is None else frame, load_study(simulation.study()))


def found(reviewed: Review) -> set[tuple[str, str]]:
    return {(finding.check, finding.subject) for finding in reviewed.findings}


def message(reviewed: Review, check: str) -> str:
    return next(finding.message for finding in reviewed.findings if finding.check == check)


@pytest.fixture(scope="module")
def market() -> Simulation:
    return simulate(4, weeks=156)


def altered(market: Simulation, **columns: object) -> Review:
    return review(panel_of(market, market.frame.assign(**columns)))


def test_a_sound_market_has_nothing_grave(market: Simulation) -> None:
    assert review(panel_of(market)).worst != "fail"


def test_channels_that_move_together_are_named(market: Simulation) -> None:
    reviewed = altered(market, search_spend=market.frame["tv_spend"] * 1.01 + 1)
    assert {("collinear channel", "tv"), ("collinear channel", "search"), ("channels in step", "tv, search")} <= found(
        reviewed
    )


def test_a_channel_that_never_runs_fails_the_review(market: Simulation) -> None:
    reviewed = altered(market, radio_spend=0)
    assert reviewed.worst == "fail"
    assert ("channel without exposure", "radio") in found(reviewed)


def test_a_channel_that_never_varies_or_hardly_runs_is_named(market: Simulation) -> None:
    assert ("channel hardly varies", "radio") in found(altered(market, radio_spend=500))
    rare = np.where(np.arange(156) < 4, 900.0, 0.0)
    assert ("channel rarely on", "radio") in found(altered(market, radio_spend=rare))


def test_a_tiny_channel_is_worth_knowing(market: Simulation) -> None:
    assert ("tiny channel", "radio") in found(altered(market, radio_spend=market.frame["radio_spend"] / 1000))


def test_outliers_are_named_with_their_dates(market: Simulation) -> None:
    spend, sales = market.frame["search_spend"].copy(), market.frame["revenue"].copy()
    spend[30], sales[60] = spend[30] * 40, sales[60] * 2
    reviewed = altered(market, search_spend=spend, revenue=sales)
    assert market.frame["week"][30] in message(reviewed, "exposure outliers")
    assert market.frame["week"][60] in message(reviewed, "KPI outliers")


def test_a_shift_of_the_kpi_is_dated(market: Simulation) -> None:
    shifted = market.frame["revenue"] * np.where(np.arange(156) >= 80, 1.5, 1.0)
    reviewed = altered(market, revenue=shifted)
    shift = next(finding for finding in reviewed.findings if finding.check == "KPI level shift")
    assert abs(pd.Timestamp(shift.message.split("around ")[1][:10]) - pd.Timestamp(market.frame["week"][80])).days <= 14


def test_constant_and_copied_levers_are_named(market: Simulation) -> None:
    assert ("constant lever", "control price_index") in found(altered(market, price_index=100))
    copy = market.frame["price_index"] * 2 + 1e-6 * np.arange(156)
    assert ("collinear lever", "control competitor_pressure") in found(altered(market, competitor_pressure=copy))


def test_spend_and_exposure_that_do_not_meet_are_named() -> None:
    market = simulate(5, channels=(TrueChannel("tv", cost=10.0), TrueChannel("search")))
    seen = market.frame["tv_impressions"].copy()
    spend = market.frame["tv_spend"].copy()
    seen[[3, 4]], spend[9] = 0, 0
    reviewed = review(panel_of(market, market.frame.assign(tv_impressions=seen, tv_spend=spend)))
    assert {("spend without exposure", "tv"), ("exposure without spend", "tv")} <= found(reviewed)


def test_a_changed_unit_of_exposure_is_named() -> None:
    market = simulate(6, channels=(TrueChannel("tv", cost=10.0), TrueChannel("search")))
    seen = market.frame["tv_impressions"] // np.where(np.arange(156) >= 70, 10, 1)
    reviewed = review(panel_of(market, market.frame.assign(tv_impressions=seen)))
    assert ("cost per exposure jumps", "tv") in found(reviewed)


def test_a_short_history_is_named() -> None:
    reviewed = review(panel_of(simulate(7, weeks=40)))
    assert {("history", "all"), ("observations per parameter", "all")} <= found(reviewed)


def test_a_constant_kpi_fails_and_zeros_are_counted(market: Simulation) -> None:
    assert altered(market, revenue=5.0).worst == "fail"
    zeros = market.frame["revenue"].where(np.arange(156) > 2, 0.0)
    assert "is 0 in 3 periods" in message(altered(market, revenue=zeros), "KPI zeros")


def test_a_national_figure_in_every_region_is_named_unless_it_is_said_to_be_one() -> None:
    market = simulate(5, geos=3)
    frame = market.frame.assign(tv_spend=market.frame.groupby("week")["tv_spend"].transform("sum"))
    panel = panel_of(market, frame)
    assert ("same spend everywhere", "tv") in found(review(panel))
    assert ("same spend everywhere", "search") not in found(review(panel))
    tree = panel.copy()
    known = panel["panel"].to_dataset().assign_coords(national=("channel", panel["panel/channel"].values == "tv"))
    tree["panel"] = xr.DataTree(known)
    assert ("same spend everywhere", "tv") not in found(review(tree))


def test_tiny_and_wide_panels_are_reviewed() -> None:
    assert review(panel_of(simulate(8, weeks=6))).summary["periods"] == 6
    wide = simulate(9, weeks=30, geos=40, channels=[TrueChannel(f"c{i}", share=0.05) for i in range(20)])
    assert review(panel_of(wide)).summary["geos"] == 40


def test_the_review_is_a_table_json_and_a_page_of_its_own(market: Simulation) -> None:
    reviewed = altered(market, radio_spend=0)
    table = reviewed.findings_table()
    assert list(table.columns) == ["check", "subject", "severity", "statistic", "message"]
    content = json.loads(reviewed.to_json())
    assert content["worst"] == "fail"
    assert len(content["findings"]) == len(table)
    page = reviewed.to_html()
    assert "Channel without exposure" in page
    assert "<script" not in page
    assert "http" not in page


def test_names_cannot_write_html(market: Simulation) -> None:
    study = market.study()
    study["data"]["channels"] = {"<b>tv</b>": {"spend": "tv_spend"}}
    page = review(panel_from_frame(market.frame, load_study(study))).to_html()
    assert "<b>tv" not in page


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("fr-FR", {"Revue des données", "Canal sans exposition", "Échec", "1 contrôle en échec"}),
        ("de-DE", {"Datenprüfung", "Kanal ohne Kontakte", "1 Prüfung nicht bestanden"}),
    ],
)
def test_the_page_speaks_the_language_of_the_report(market: Simulation, locale: str, said: set[str]) -> None:
    reviewed = altered(market, radio_spend=0)
    page = reviewed.to_html(locale)
    assert f'<html lang="{locale[:2]}">' in page
    assert not {text for text in said if text not in page}
    english = re.compile(r">(Findings|Check|Severity|Spend|Share|Channel [a-z ]+|fail|caution|[^<]*\bthe\b[^<]*)<")
    assert not english.findall(page)
    total = reviewed.summary["spend_total"]
    assert speech.decimal(total, 0, locale) in page
    assert f"{total:,.0f}" not in page
