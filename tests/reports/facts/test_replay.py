"""What past advice would have earned is told with its range, and as what it is: nobody ran it."""

from pathlib import Path

import pandas as pd
import pytest

from reports import facts, pages
from reports.facts import replay
from reports.source import language, read


def table(run: Path) -> pd.DataFrame:
    return pd.read_csv(run / "tables" / "replay.csv")


def change(run: Path, **values: object) -> None:
    """Writes `recommended` as what was done, with `values` on its row for all channels."""
    rows = table(run)
    of_plan = rows["scenario"] == "recommended"
    rows.loc[of_plan, "spend"] = rows.loc[of_plan, "current_spend"]
    for name, value in values.items():
        rows.loc[rows["channel"] == "all", name] = value
    rows.to_csv(run / "tables" / "replay.csv", index=False)


def test_each_number_is_the_tables(run: Path) -> None:
    rows = table(run).set_index(["scenario", "channel"])
    due, best = rows.loc[("recommended", "all")], rows.loc[("oracle", "all")]
    page = pages.budget(read(run), facts.numbers(read(run)), {})["replay"]
    moved, hindsight, caveat = page["paragraphs"]
    single = table(run).query("scenario == 'recommended' and channel != 'all'")
    shift = (single["spend"] - single["current_spend"]).clip(lower=0).sum()
    fit = pd.read_csv(run / "tables" / "fit.csv").query("split == 'holdout'")
    assert (moved.facts["start"], moved.facts["end"]) == (fit["time"].min(), fit["time"].max())
    assert moved.facts["shift"] == pytest.approx(shift)
    assert moved.facts["budget"] == pytest.approx(single["current_spend"].sum())
    assert (moved.facts["gain"], *moved.facts["interval"]) == pytest.approx((due.gain_mean, due.gain_p05, due.gain_p95))
    assert moved.facts["p"] == pytest.approx(due.probability)
    assert hindsight.facts["gain"] == pytest.approx(best.gain_mean)
    assert hindsight.facts["missed"] == pytest.approx(due.regret_mean)
    assert hindsight.facts["missed_interval"] == pytest.approx((due.regret_p05, due.regret_p95))
    assert "only an experiment" in caveat.text


def test_the_spend_of_each_split_adds_up_in_the_table(run: Path) -> None:
    page = replay.words(replay.numbers(read(run)), language(read(run)))
    assert page is not None
    spent = table(run).query("channel != 'all'").groupby("scenario")["spend"].sum()
    total = [float(cell.text.replace(",", "")) for cell in page["table"].total[1:]]
    assert total == pytest.approx([spent[name] / 1e6 for name in ("done", "recommended", "oracle")], abs=0.01)


def test_the_board_hears_one_sentence_with_the_range(run: Path) -> None:
    page = pages.board(read(run), facts.numbers(read(run)), {}, [])
    text = page["replay"]["brief"].text
    assert " to " in text
    assert text.endswith("Nobody ran it.")


def test_a_plan_that_was_the_best_in_hindsight_misses_nothing(run: Path) -> None:
    rows = table(run)
    whole = (rows["channel"] == "all") & (rows["scenario"] == "recommended")
    rows.loc[whole, ["regret_mean", "regret_p05", "regret_p95"]] = 0.0
    rows.to_csv(run / "tables" / "replay.csv", index=False)
    page = replay.words(replay.numbers(read(run)), language(read(run)))
    assert page is not None
    assert page["paragraphs"][1].text.startswith("In hindsight too")


def test_a_plan_that_keeps_everything_claims_no_gain(run: Path) -> None:
    change(run, gain_mean=0.0)
    page = replay.words(replay.numbers(read(run)), language(read(run)))
    assert page is not None
    assert "as it was" in page["brief"].text
    assert "as it was" in page["paragraphs"][0].text
    assert "no other split" in page["paragraphs"][1].text
    assert page["table"] is None


def test_a_run_that_was_not_replayed_says_nothing_of_it(run: Path) -> None:
    (run / "tables" / "replay.csv").unlink()
    assert pages.budget(read(run), facts.numbers(read(run)), {})["replay"] is None
