from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from mmm import plots
from mmm.errors import InputError
from mmm.plots import theme
from mmm.plots.source import Units, channels, period, table, units
from mmm.study import Finance


def test_a_frame_and_a_run_give_the_same_figure_but_for_the_units(run: Path) -> None:
    from_run = plots.roi(run, verdicts=pd.DataFrame({"channel": [], "label": []}))
    from_frame = plots.roi(table(run, "channels"), unit=units(run))
    assert [t.get_text() for t in from_run.get_yticklabels()] == [t.get_text() for t in from_frame.get_yticklabels()]
    assert from_frame.get_xlabel() == "Revenue per €1 (median, 90% interval)"


def test_the_line_of_break_even_stands_where_the_margin_pays_the_spend_back(run: Path) -> None:
    with_margin = plots.roi(table(run, "channels"), unit=Units("EUR", "Revenue", "EUR", finance=Finance(margin=0.4)))
    assert 2.5 in [line.get_xdata()[0] for line in with_margin.lines]
    assert "break-even" in [text.get_text() for text in with_margin.texts]
    without = plots.roi(table(run, "channels"), unit=Units("EUR", "Revenue", "EUR"))
    assert "equals spend" in [text.get_text() for text in without.texts]
    assert units(run).break_even == pytest.approx(1 / 0.38)  # the margin of the run's study
    assert Units().break_even == 1.0


def test_a_plot_draws_into_the_axes_it_is_given(run: Path) -> None:
    ax = theme.figure(12.0, 5.0).subplots()
    assert plots.fit_over_time(run, ax) is ax


def test_axes_made_elsewhere_take_the_house_look(run: Path) -> None:
    ax = pyplot.figure().subplots()
    plots.roi(run, ax)
    assert ax.xaxis.label.get_fontsize() == theme.SIZE
    assert tuple(ax.yaxis.get_ticklabels()[0].get_fontfamily()) == tuple(theme.family())


def test_channels_are_ordered_and_coloured_as_in_the_study_whatever_the_table_says(run: Path) -> None:
    order = channels(run, [])
    shuffled = table(run, "curves").sort_values("channel")
    axes = plots.response_curves(run)
    assert [ax.get_title(loc="left") for ax in axes] == order
    assert to_hex(axes[0].lines[0].get_color()) == theme.PALETTE[0]
    assert len(plots.response_curves(shuffled)) == len(order)


def test_a_run_with_a_plan_shows_the_curves_of_its_horizon(run: Path) -> None:
    axes = plots.response_curves(run)
    plan = table(run, "plan_curves")
    first = plan[plan["channel"] == channels(run, [])[0]]
    assert axes[0].get_xlim()[1] == pytest.approx(first.loc[first["multiple"] == 2.0, "spend"].item())
    assert axes[3].get_xlabel().startswith("Spend in the plan")


def test_a_run_without_a_plan_shows_curves_without_diamonds(tmp_path: Path) -> None:
    from tests.reports.fake_run import fake_run

    axes = plots.response_curves(fake_run(tmp_path, optional=False))
    assert {line.get_marker() for ax in axes for line in ax.lines} == {"None", "o"}


def test_spend_beyond_what_was_observed_is_shaded_from_where_the_plan_says(run: Path) -> None:
    quality = pd.DataFrame({"channel": channels(run, []), "extrapolates_above": 1.5})
    axes = plots.response_curves(run, quality=quality)
    left, right = (
        f(axes[0].patches[0].get_extents().transformed(axes[0].transData.inverted()).intervalx) for f in (min, max)
    )
    assert left == pytest.approx(0.75 * right)


def test_the_smaller_of_many_channels_are_stacked_together() -> None:
    time = pd.date_range("2026-01-05", periods=8, freq="W-MON")
    rows = [(t, "national", f"c{i}", 1.0 + i) for t in time for i in range(12)] + [
        (t, "national", "baseline", 50.0) for t in time
    ]
    ax = plots.contribution_over_time(pd.DataFrame(rows, columns=["time", "geo", "component", "mean"]))
    legend = ax.get_legend()
    assert legend is not None
    named = {text.get_text() for text in legend.get_texts()}
    assert {"Base", "Other channels", "C4", "C11"} <= named
    assert "c3" not in named
    assert ax.get_ylabel() == "KPI per week"


@pytest.mark.parametrize("everywhere", [True, False], ids=["with rows for all geos", "with geos only"])
def test_the_stack_is_the_whole_study_once(everywhere: bool) -> None:
    time = pd.date_range("2026-01-05", periods=8, freq="W-MON")
    parts = {"north": 1.0, "south": 2.0} | ({"all": 3.0} if everywhere else {})
    rows = [
        (t, geo, name, size * x)
        for t in time
        for geo, size in parts.items()
        for name, x in (("baseline", 10.0), ("tv", 2.0))
    ]
    frame = pd.DataFrame(rows, columns=["time", "geo", "component", "mean"])
    actual = pd.DataFrame(
        [(t, geo, 13 * size) for t in time for geo, size in parts.items()], columns=["time", "geo", "actual"]
    )
    ax = plots.contribution_over_time(frame, actual=actual)
    top = ax.collections[-1].get_paths()[0].vertices[:, 1].max()
    assert top == pytest.approx(36.0)
    assert np.asarray(ax.lines[0].get_ydata(), dtype=float) == pytest.approx([39.0] * 8)


def test_the_hidden_periods_are_shaded_and_named(run: Path) -> None:
    ax = plots.fit_over_time(run)
    assert "Hidden from the model" in [text.get_text() for text in ax.texts]
    everything_seen = table(run, "fit").assign(split="train")
    assert not plots.fit_over_time(everything_seen).texts


def test_a_losing_plan_is_drawn_as_a_loss() -> None:
    rows = [("hold", 0.0, 0.0, 0.0, np.nan), ("recommended", -3e5, -4e5, -1e5, 0.004), ("grow", 2e5, -1e5, 4e5, 0.86)]
    names = ["scenario", "gain_vs_hold_mean", "gain_vs_hold_p05", "gain_vs_hold_p95", "probability_beats_hold"]
    ax = plots.scenarios(pd.DataFrame(rows, columns=names), unit=Units("EUR"))
    assert [text.get_text() for text in ax.texts] == ["+€200k, 86% chance of a gain", "−€300k, <1% chance of a gain"]
    colours = [to_hex(line.get_color()) for line in ax.lines if line.get_marker() in ("o", "D")]
    assert colours == [theme.MUTED, theme.LOSS]


def test_with_a_margin_plans_are_compared_by_the_profit_they_leave() -> None:
    rows = [
        ("hold", 1e6, 0.0, 0.0, 0.0, np.nan),
        ("cut", 8e5, -1e5, -2e5, 0.0, 0.05),
        ("grow", 1.2e6, 3e5, 2e5, 4e5, 1.0),
    ]
    names = [
        "scenario",
        "budget",
        *(f"gain_vs_hold_{part}" for part in ("mean", "p05", "p95")),
        "probability_beats_hold",
    ]
    frame, unit = pd.DataFrame(rows, columns=names), Units("EUR", finance=Finance(margin=0.4))
    ax = plots.scenarios(frame, unit=unit)
    assert [text.get_text() for text in ax.texts] == ["−€80k", "+€160k"]  # 0.4 x gain - extra spend
    colours = [to_hex(line.get_color()) for line in ax.lines if line.get_marker() in ("o", "D")]
    assert colours == [theme.LOSS, theme.GAIN]
    assert ax.get_xlabel().startswith("Profit")


def test_a_shift_carries_its_sign_and_a_channel_that_stays_says_so() -> None:
    names = ["scenario", "channel", "geo", "period", "current_spend", "recommended_spend"]
    rows = [("recommended", "tv", "all", "all", 2e6, 1.5e6), ("recommended", "radio", "all", "all", 1e6, 1e6)]
    ax = plots.spend_shift(pd.DataFrame(rows, columns=names), unit=Units("GBP"))
    assert {text.get_text() for text in ax.texts if text.get_text()} == {"−£500k", "no change"}


def test_gates_are_told_apart_without_colour(run: Path) -> None:
    ax = plots.gates(run)
    looks = {
        (line.get_marker(), to_hex(line.get_markerfacecolor())) for line in ax.lines if line.get_marker() != "None"
    }
    assert {marker for marker, _ in looks} == {"o", "s", "x", "_"}


def test_every_source_of_a_card_has_its_own_mark_and_cards_say_what_pays_back(run: Path) -> None:
    ax = plots.verdict_cards(run)
    marks = [line.get_marker() for line in ax.lines if line.get_marker() not in ("None", "")]
    estimates = table(run, "estimates")
    assert len(marks) == len(estimates)
    assert marks.count("D") == 1
    assert set(marks) == {"o", "D", "s"}
    assert plots.verdict_cards(estimates).get_legend() is not None  # a bare frame knows neither verdicts nor margins
    dashed = [line for line in ax.lines if line.get_linestyle() == "--"]
    assert [float(line.get_xdata()[0]) for line in dashed] == [pytest.approx(1 / 0.38)]


def test_an_experiment_far_beyond_all_else_is_an_arrow_with_its_number(run: Path) -> None:
    far = table(run, "estimates")
    parts = ["p05", "p25", "median", "p75", "p95"]
    far.loc[far["source"] == "experiment", parts] = [100.0, 110.0, 120.0, 130.0, 140.0]
    ax = plots.verdict_cards(far)
    assert ">" in {line.get_marker() for line in ax.lines}
    assert "120" in {text.get_text() for text in ax.texts}
    assert ax.get_xlim()[1] < 50


def test_a_missing_table_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "fit.csv").write_text("time\n")
    with pytest.raises(InputError, match="no table 'curves'; the run has: fit"):
        plots.response_curves(tmp_path)


def test_the_period_is_named_by_the_distance_of_dates() -> None:
    for frequency, name in {"h": "hour", "D": "day", "W-MON": "week", "MS": "month"}.items():
        assert period(pd.Series(pd.date_range("2026-01-01", periods=5, freq=frequency))) == name


def test_the_plots_are_listed_and_an_unknown_one_names_the_others() -> None:
    assert "roi" in dir(plots)
    with pytest.raises(AttributeError, match=r"no plot 'pie'; it has .*roi"):
        _ = plots.pie


def test_importing_the_package_does_not_load_matplotlib() -> None:
    code = "import sys, mmm.plots; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_shapes_are_drawn_with_their_bands() -> None:
    lag = np.arange(5.0)
    one = pd.DataFrame({"channel": "tv", "x": lag, "mean": 0.5**lag, "p05": 0.3**lag, "p95": 0.7**lag})
    axes = plots.adstock_shapes(pd.concat([one, one.assign(channel="radio")]), period="week")
    assert [ax.get_title(loc="left") for ax in axes] == ["TV", "Radio"]
    assert axes[0].get_xlabel() == "Weeks after exposure"
    assert isinstance(plots.saturation_shapes(one)[0], Axes)


def test_the_frontier_marks_both_plans_and_money_back(tmp_path: Path) -> None:
    rows = {"multiple": [0.5, 1.0, 1.5], "budget": [1e5, 2e5, 3e5], "outcome_p05": [2e5, 3e5, 3.5e5]}
    frame = pd.DataFrame(rows | {"outcome_mean": [3e5, 4e5, 4.5e5], "outcome_p95": [4e5, 5e5, 5.5e5]})
    ax = plots.frontier(frame, unit=Units(currency="EUR"))
    mean, back, recommended = ax.lines
    assert recommended.get_xydata().tolist() == [[200.0, 400.0]]
    assert mean.get_ydata().tolist() == [300.0, 400.0, 450.0]
    assert back.get_ydata().tolist() == [100.0, 200.0, 300.0]
    assert ax.get_xlabel() == "Budget, €k"
    assert "€" not in plots.frontier(frame).get_xlabel()
    assert "100k earns 300k (200k to 400k)" in plots.describe.frontier(frame)
    (tmp_path / "tables").mkdir()
    frame.to_csv(tmp_path / "tables" / "frontier.csv")
    (tmp_path / "tables" / "scenarios.csv").write_text("scenario,budget,outcome_mean\nhold,350000,380000\n")
    beside = plots.frontier(tmp_path, unit=Units(currency="EUR"))
    assert beside.lines[-1].get_xydata().tolist() == [[350.0, 380.0]]
    assert beside.get_xlim() == (100.0, 350.0)


def test_a_move_within_the_noise_is_grey_and_the_largest_stands_on_top() -> None:
    moves = {"tv": (1.0, 2.0, 0.01), "radio": (2.0, 1.5, 0.01), "print": (1.0, 1.1, 0.2)}
    rows = [
        (name, step, value, error)
        for name, (then, now, error) in moves.items()
        for step, value in (("parent", then), ("child", now))
    ]
    table = pd.DataFrame(rows, columns=["channel", "step", "value", "mcse"])
    ax = plots.moved(table)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Print", "Radio", "TV"]
    shades = [line.get_color() for line in ax.lines if len(line.get_xdata()) == 2]
    assert shades == [plots.theme.MUTED, plots.theme.LOSS, plots.theme.GAIN]
    assert "that of TV moved most, from 1.0 to 2.0" in plots.describe.moved(table)


def test_marginal_returns_leave_out_a_channel_that_spends_nothing() -> None:
    rows = {"channel": ["tv", "paid_search", "print"], "mroi_current_mean": [0.5, 3.0, np.nan]}
    rows |= {"mroi_recommended_mean": [1.0, 1.5, np.nan]}
    rows |= {f"mroi_{when}_{end}": [0.4, 1.0, np.nan] for when in ("current", "recommended") for end in ("p05", "p95")}
    ax = plots.marginal_returns(pd.DataFrame(rows))
    assert [text.get_text() for text in ax.get_yticklabels()] == ["Paid search", "TV"]
    now, proposed = (line for line in ax.lines if line.get_marker() in "oD")
    assert now.get_xdata().tolist() == [3.0, 0.5]
    assert proposed.get_xdata().tolist() == [1.5, 1.0]
    assert "now between 3.0 (Paid search) and 0.50 (TV)" in plots.describe.marginal_returns(pd.DataFrame(rows))


def test_a_calendar_has_a_panel_for_each_channel_that_spends() -> None:
    weeks = pd.date_range("2026-01-05", periods=3, freq="W-MON")
    frames = [
        pd.DataFrame({"channel": name, "period": weeks, "current_spend": now, "recommended_spend": then})
        for name, now, then in (("tv", [0.0, 5.0, 5.0], [4.0, 2.0, 3.0]), ("radio", 0.0, 0.0))
    ]
    axes = plots.calendar(pd.concat(frames), unit=Units(currency="EUR"))
    assert [ax.get_title(loc="left") for ax in axes] == ["TV"]
    assert [bar.get_height() for bar in axes[0].patches] == [4.0, 2.0, 3.0]
    assert axes[0].lines[0].get_ydata().tolist() == [0.0, 5.0, 5.0]
    assert "most in 5 Jan 2026" in plots.describe.calendar(pd.concat(frames))


@pytest.mark.parametrize("name", plots.__all__)
def test_a_verb_is_no_module_of_the_same_name(name: str) -> None:
    getattr(plots, name)
    assert name == "describe" or callable(getattr(plots, name))
