"""Nothing leaves without a recorded approval of exactly these numbers, and no day spends more than the plan."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from mmm import approval, audit
from mmm.cli import main
from mmm.errors import InputError
from mmm.files import write_table
from mmm.run import Identity, opened

WEEKS = pd.date_range("2026-01-05", periods=4, freq="W-MON")


def calendar(now: dict[str, list[float]], then: dict[str, list[float]]) -> pd.DataFrame:
    frames = [
        pd.DataFrame(
            {
                "channel": name,
                "period": WEEKS,
                "reference_period": WEEKS - pd.Timedelta(weeks=52),
                "current_spend": now[name],
                "recommended_spend": then[name],
            }
        )
        for name in now
    ]
    return pd.concat(frames, ignore_index=True)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder with a plan, and a channel that a spreadsheet would run."""
    folder = tmp_path / "run"
    with opened(folder, Identity("spring", "0", "0", "0"), "study: spring\ncurrency: EUR\n"):
        plan(folder, 1400.0)
    return folder


def plan(folder: Path, video: float) -> None:
    names = ["=cmd|calc", "video"]
    table = {"scenario": "recommended", "channel": names, "period": "all", "recommended_spend": [2800.0, video]}
    write_table(folder / "tables" / "allocation.csv", pd.DataFrame(table))
    weekly = {"=cmd|calc": [700.0] * 4, "video": [video / 4] * 4}
    write_table(folder / "tables" / "calendar.csv", calendar({"=cmd|calc": [700.0] * 4, "video": [140.0] * 4}, weekly))


def mmm(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_nothing_is_written_without_approval_or_without_being_asked(run: Path) -> None:
    refused = mmm("export", run, "--write")
    assert refused.exit_code == 2
    assert "nobody approved this plan" in refused.output
    assert mmm("approve", run, "--by", "A. Finance", "--reason", "agreed").exit_code == 0
    dry = mmm("export", run)
    assert dry.exit_code == 0
    assert "dry run" in dry.output
    assert not (run / approval.UPLOAD).exists()
    assert mmm("export", run, "--write").exit_code == 0
    assert (run / approval.UPLOAD).is_file()
    assert [entry["event"] for entry in approval.entries(run)][-2:] == [approval.APPROVED, approval.EXPORTED]
    verified = mmm("audit", run)
    assert verified.exit_code == 0
    assert "by A. Finance: agreed" in verified.output


def test_an_approval_is_of_these_numbers_only(run: Path) -> None:
    mmm("approve", run, "--by", "A. Finance", "--reason", "agreed")
    plan(run, 1400.01)
    assert approval.approval_of(run) is None
    assert mmm("export", run, "--write").exit_code == 2


def test_an_edited_log_stops_approval_and_export_and_fails_the_audit(run: Path) -> None:
    mmm("approve", run, "--by", "A. Finance", "--reason", "agreed")
    log = run / audit.NAME
    log.write_text(log.read_text().replace("A. Finance", "B. Finance"))
    assert mmm("audit", run).exit_code == 1
    for command in (("approve", run, "--by", "C", "--reason", "x"), ("export", run, "--write")):
        ended = mmm(*command)
        assert ended.exit_code == 2
        assert "was changed after it was written" in ended.output


@pytest.mark.parametrize(("by", "reason"), [("", "why"), ("A", " "), ("A\nB", "why"), ("A", "w" * 401)])
def test_a_name_and_a_reason_are_lines_of_text(run: Path, by: str, reason: str) -> None:
    with pytest.raises(InputError, match="line of text"):
        approval.approve(run, by, reason)


def test_cells_are_safe_in_a_spreadsheet(run: Path) -> None:
    mmm("approve", run, "--by", "A. Finance", "--reason", "agreed")
    mmm("export", run, "--write")
    with (run / approval.UPLOAD).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["channel", "date", "daily_budget", "planned", "held_back", "currency"]
    assert {row["channel"] for row in rows} == {"'=cmd|calc", "video"}
    assert len(rows) == 2 * 28


def test_budgets_rise_slowly_fall_at_once_and_never_pass_the_plan() -> None:
    table = approval.upload(calendar({"tv": [70.0] * 4}, {"tv": [700.0, 700.0, 0.0, 700.0]}), "EUR", max_change=0.2)
    budget = np.array([float(amount) for amount in table["daily_budget"]])
    usual = table["planned"].astype(float).mean()
    steps = np.diff(np.concatenate([[10.0], budget]))
    allowed = 0.2 * np.maximum(np.concatenate([[10.0], budget[:-1]]), usual)
    assert (steps <= allowed + 0.011).all()
    assert budget[0] == pytest.approx(10.0 + 0.2 * usual, abs=0.01)
    assert (budget <= table["planned"]).all()
    assert budget[13] == 100.0
    assert budget[14] == 0.0
    assert table["date"].is_monotonic_increasing


def test_cents_add_up_to_the_plan_where_nothing_is_held_back() -> None:
    table = approval.upload(calendar({"tv": [100.0] * 4}, {"tv": [100.0] * 4}), "EUR")
    assert sum(table["daily_budget"], Decimal(0)) == Decimal(400)
    assert approval.held_back(table) == []


def test_what_a_slow_start_leaves_unspent_is_in_the_file_and_said(run: Path) -> None:
    plan(run, 2800.0)
    mmm("approve", run, "--by", "A. Finance", "--reason", "agreed")
    ended = mmm("export", run, "--write")
    with (run / approval.UPLOAD).open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["channel"] == "video"]
    planned, given, held = (
        sum(Decimal(row[name]) for row in rows) for name in ("planned", "daily_budget", "held_back")
    )
    assert planned == Decimal(2800)
    assert given + held == planned
    days = [Decimal(60), Decimal(40), Decimal(20)]  # 20 a day before, 100 planned: 40, 60, 80
    assert held == sum(days, Decimal(0))
    assert f"{held:,.2f} of 2,800.00" in ended.output
    assert "120.00 EUR in all" in ended.output


def test_months_are_spread_over_their_own_days_and_a_look_back_is_refused() -> None:
    months = pd.date_range("2026-01-01", periods=3, freq="MS")
    rows = {"channel": "tv", "period": months, "reference_period": months - pd.DateOffset(years=1)}
    table = approval.upload(
        pd.DataFrame(rows | {"current_spend": 310.0, "recommended_spend": [310.0, 280.0, 310.0]}), "EUR"
    )
    assert table["planned"].astype(float).tolist() == pytest.approx([10.0] * len(table))
    assert len(table) == 31 + 28 + 31
    back = pd.DataFrame(rows | {"reference_period": months, "current_spend": 1.0, "recommended_spend": 1.0})
    with pytest.raises(InputError, match="looks back"):
        approval.upload(back, "EUR")
    with pytest.raises(InputError, match="max-change"):
        approval.upload(pd.DataFrame(rows | {"current_spend": 1.0, "recommended_spend": 1.0}), "EUR", 0.0)
