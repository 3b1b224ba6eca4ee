"""Prose may not drift from the tables: no digit is typed, and what a sentence says is recomputed here another way."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import reports
from reports import facts as subjects
from reports import pages
from reports.language import Sentence
from reports.source import read
from tests.reports.fake_run import fake_run

PACKAGE = Path(reports.__file__).parent
PROSE = [*sorted((PACKAGE / "facts").glob("*.py")), PACKAGE / "pages.py"]
TEMPLATES = sorted((PACKAGE / "templates").glob("*.typ")) + sorted((PACKAGE / "templates").glob("*.j2"))


def sentences(value: Any) -> Iterator[Sentence]:
    """Every sentence of a page, wherever it stands."""
    if isinstance(value, Sentence):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from sentences(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from sentences(item)
    elif is_dataclass(value):
        for part in fields(value):
            yield from sentences(getattr(value, part.name))


def everything(run: Path) -> list[Sentence]:
    source = read(run)
    facts = subjects.numbers(source)
    made = (
        pages.board(source, facts, {}, ["a.ipynb"]),
        pages.budget(source, facts, {}),
        pages.card(source, facts, ["a"]),
    )
    return list(sentences(made))


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.name)
def test_no_digit_is_typed_into_a_sentence(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    literals = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    prose = [node.value for node in literals if id(node) not in docstrings and " " in node.value]
    typed = [text for text in prose if re.search(r"\d", re.sub(r"\{[^}]*\}", "", text))]
    assert not typed


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_word_is_typed_into_a_template(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".typ":
        code = re.sub(r"//.*", "", text)
        strings = [text for text in re.findall(r'"([^"\n]*)"', code) if " " in text]
        prose = [*strings, *re.findall(r"\[([^\[\]#\n]*[a-zA-Z]{2}[^\[\]#\n]*)\]", code)]
    else:
        bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<style>.*?</style>|<[^>]*>", "", text, flags=re.DOTALL)
        prose = bare.split()
    assert not prose


def test_every_template_that_a_run_says_is_free_of_digits(run: Path, bare: Path) -> None:
    for sentence in [*everything(run), *everything(bare)]:
        assert not re.search(r"\d", re.sub(r"\{[^}]*\}", "", sentence.template)), sentence.template


def test_no_sentence_says_nan_or_none(run: Path, bare: Path) -> None:
    for sentence in [*everything(run), *everything(bare)]:
        assert not re.search(r"\b(nan|None|inf)\b", sentence.text), sentence.text


def find(run: Path, start: str, **known: Any) -> Sentence:
    said = (sentence for sentence in everything(run) if sentence.template.startswith(start))
    return next(sentence for sentence in said if known.items() <= sentence.facts.items())


def tables(run: Path) -> dict[str, pd.DataFrame]:
    return {path.stem: pd.read_csv(path) for path in (run / "tables").glob("*.csv")}


def wide(run: Path, statistic: str) -> pd.DataFrame:
    rows = tables(run)["channels"].query("geo == 'all'")
    return rows.pivot(index="channel", columns="metric", values=statistic)


def test_what_media_brought_is_the_sum_of_roi_times_spend(run: Path) -> None:
    mean = wide(run, "mean")
    facts = find(run, "Between {start").facts
    value = (mean["roi"] * mean["spend"]).sum()
    assert facts["value"] == pytest.approx(value)
    assert facts["spend"] == pytest.approx(mean["spend"].sum())
    assert facts["roi"] == pytest.approx(value / mean["spend"].sum())
    by_component = tables(run)["contribution"].query("geo == 'all'").groupby("component")["mean"].sum()
    media = by_component[mean.index].sum() / by_component.sum()
    assert facts["share"] == pytest.approx(media, rel=0.01)  # a mean of shares is not quite the share of means


def test_the_best_and_the_worst_channel_are_those_of_the_table(run: Path) -> None:
    mean = wide(run, "mean")
    best, worst = find(run, "*{best:channel}*").facts, find(run, "*{worst:channel}*").facts
    assert (best["best"], worst["worst"]) == (mean["roi"].idxmax(), mean["roi"].idxmin())
    assert best["roi"] == pytest.approx(mean["roi"].max())
    low, high = wide(run, "p05")["roi"], wide(run, "p95")["roi"]
    assert worst["interval"] == pytest.approx((low[worst["worst"]], high[worst["worst"]]))


def returning(run: Path, channel: str, factor: float) -> None:
    """Multiplies what a channel returns."""
    path = run / "tables" / "channels.csv"
    table = pd.read_csv(path)
    rows = (table["metric"] == "roi") & (table["channel"] == channel)
    table.loc[rows, ["mean", "median", "p05", "p95"]] *= factor
    table.to_csv(path, index=False)


def test_channels_that_may_lose_money_are_named(run: Path) -> None:
    returning(run, "Online video", 3.0)
    returning(run, "Paid search", 1.5)
    low, high = wide(run, "p05")["roi"], wide(run, "p95")["roi"]
    pays = 1 / 0.38  # the margin of the run's study
    losing, unsure = set(high.index[high < pays]), set(low.index[(low < pays) & (high >= pays)])
    assert len(losing) == 2
    assert set(find(run, "{names:names} do not pay back").facts["names"]) == losing
    assert unsure == {name for said in everything(run) if said.template.startswith("The interval includes a loss")
                      for name in said.facts["names"]}  # fmt: skip


def test_where_no_channel_pays_back_the_report_says_so_and_names_none(run: Path) -> None:
    assert (wide(run, "p95")["roi"] < 1 / 0.38).all()
    assert find(run, "*No channel pays back*")
    assert not [said for said in everything(run) if "{names:names} do not pay back" in said.template]


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [((-2.0, -1.0), "costs more than it brings"), ((-1.0, 1.0), "not settled"), ((1.0, 2.0), "pays")],
)
def test_both_documents_say_what_the_decided_plan_leaves(run: Path, ends: tuple[float, float], verdict: str) -> None:
    path = run / "tables" / "finance.csv"
    table = pd.read_csv(path)
    chosen = (table["scenario"] == "recommended") & (table["line"] == "profit")
    table.loc[chosen, ["p05", "p95"]] = ends
    table.to_csv(path, index=False)
    said = [said for said in everything(run) if said.template.startswith("*Once its media are paid*")]
    assert len(said) == 2  # board and budget
    assert said[0].facts["profit"] == pytest.approx(table.loc[chosen, "amount"].item())
    assert verdict in said[0].text
    assert "the proposed plan" in said[0].text


def test_a_plan_that_loses_money_is_not_paid_back(run: Path) -> None:
    path = run / "tables" / "finance.csv"
    table = pd.read_csv(path)
    payback = table[table["line"] == "profit"].assign(
        line="payback", unit="periods", amount=7.0, p05=np.nan, p95=np.nan
    )
    gains = (table["scenario"] == "grow") & (table["line"] == "profit")
    table.loc[gains, "amount"] = 1.0
    pd.concat([table, payback]).to_csv(path, index=False)
    lines = pages.budget(read(run), subjects.numbers(read(run)), {})["finance"]["lines"]
    (row,) = (row for row in lines.rows if row[0].text.startswith("Payback"))
    assert [cell.text for cell in row[1:]] == [*["not on average"] * 3, "7.00"]


def test_the_move_names_who_gives_and_who_takes(run: Path) -> None:
    rows = tables(run)["allocation"].query("scenario == 'recommended'").set_index("channel")
    change = rows["recommended_spend"] - rows["current_spend"]
    facts = find(run, "Move *{shift").facts
    assert set(facts["givers"]) == set(change.index[change < -0.01 * rows["current_spend"]])
    assert set(facts["takers"]) == set(change.index[change > 0.01 * rows["current_spend"]])
    assert facts["shift"] == pytest.approx(change.clip(lower=0).sum())


def test_the_profit_of_another_budget_is_margin_on_the_gain_less_the_extra_spend(run: Path) -> None:
    rows = tables(run)["scenarios"].set_index("scenario")
    facts = find(run, "*{name:word}* {change:phrase}", name="Grow").facts
    extra = rows.loc["grow", "budget"] - rows.loc["hold", "budget"]
    assert facts["extra"] == pytest.approx(extra)
    assert facts["profit"] == pytest.approx(0.38 * rows.loc["grow", "gain_vs_hold_mean"] - extra)


def test_the_calendar_adds_up_to_its_budget(run: Path) -> None:
    page = pages.budget(read(run), subjects.numbers(read(run)), {})["flighting"]
    spend = tables(run)["flighting"]["recommended_spend"].sum()
    total = page["table"].total[-1].text
    assert float(total.replace(",", "")) == pytest.approx(spend / 1e3, rel=0.01)
    assert find(run, "In some periods").facts["names"] == [tables(run)["flighting"]["channel"].unique()[1]]


def test_a_frequency_is_recommended_only_where_it_earns_more(run: Path) -> None:
    notes = [note.text for note in pages.board(read(run), subjects.numbers(read(run)), {}, [])["frequency"]["notes"]]
    assert [("instead of" in note, "wants a test" in note, "do not say" in note) for note in notes] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]


def test_regions_keep_what_the_plan_moves(tmp_path: Path) -> None:
    run = fake_run(tmp_path, channels=4, geos=3)
    facts = subjects.numbers(read(run))["regions"]
    rows = tables(run)["allocation_geo"].query("scenario == 'recommended'")
    assert sum(row["proposed"] for row in facts["regions"]) == pytest.approx(rows["recommended_spend"].sum())
    first = rows.iloc[0]
    assert facts["regions"][0]["moves"][first["channel"]] == pytest.approx(first["multiple"] - 1)
    path = run / "tables" / "allocation_geo.csv"
    names = {"region-00": "Geo1", "region-01": "Geo10", "region-02": "Geo2"}
    pd.read_csv(path).replace({"geo": names}).to_csv(path, index=False)
    assert [row["geo"] for row in subjects.numbers(read(run))["regions"]["regions"]] == ["Geo1", "Geo2", "Geo10"]
    said = find(run, "Splitting {budget").facts
    gain = tables(run)["scenarios"].set_index("scenario").loc["recommended", "gain_vs_hold_mean"]
    assert said["gain"] == pytest.approx(gain, rel=1e-5)


@pytest.mark.parametrize(("factor", "verdict"), [(5.0, "more money"), (0.1, "less money"), (1.0, "do not say")])
def test_the_next_unit_of_money_is_held_against_the_margin(run: Path, factor: float, verdict: str) -> None:
    path = run / "tables" / "frontier.csv"
    table = pd.read_csv(path)
    at = table["multiple"] == 1.0
    needed = 1 / 0.38
    table.loc[at, ["mroi_mean", "mroi_p05", "mroi_p95"]] = [factor * needed * part for part in (1.0, 0.8, 1.2)]
    table.to_csv(path, index=False)
    said = find(run, "*At the recommended budget*")
    assert said.facts["needed"] == pytest.approx(needed)
    assert said.facts["interval"] == pytest.approx((0.8 * factor * needed, 1.2 * factor * needed))
    assert verdict in said.text


@pytest.mark.parametrize(("factor", "told"), [(5.0, True), (0.1, True), (1.0, False)])
def test_the_board_hears_of_the_size_of_the_budget_where_the_data_settle_it(
    run: Path, factor: float, told: bool
) -> None:
    path = run / "tables" / "frontier.csv"
    table = pd.read_csv(path)
    table.loc[table["multiple"] == 1.0, ["mroi_mean", "mroi_p05", "mroi_p95"]] = [
        factor / 0.38 * part for part in (1.0, 0.8, 1.2)
    ]
    table.to_csv(path, index=False)
    source = read(run)
    page = pages.board(source, subjects.numbers(source), {}, [])
    said = [text for text in page["decision"]["paragraphs"] if text.template.startswith("*At the recommended budget*")]
    assert bool(said) == told


@pytest.mark.parametrize(
    ("factor", "verdict"),
    [(5.0, "earned their cost back"), (0.1, "cost more than they earned"), (1.0, "not settled")],
)
def test_media_as_a_whole_are_held_against_the_margin(run: Path, factor: float, verdict: str) -> None:
    path = run / "tables" / "total.csv"
    table = pd.read_csv(path)
    ends = [factor / 0.38 * part for part in (1.0, 0.8, 1.2)]
    table.loc[table["metric"] == "roi", ["mean", "p05", "p95"]] = ends
    table.to_csv(path, index=False)
    spend = wide(run, "mean")["spend"].sum()
    said = find(run, "At a margin of {margin")
    assert said.facts["interval"] == pytest.approx([0.38 * end * spend - spend for end in ends[1:]])
    assert said.facts["profit"] == pytest.approx(0.38 * (wide(run, "mean").eval("roi * spend").sum()) - spend, rel=1e-4)
    assert verdict in said.text


def test_the_backtest_is_counted_from_the_fit_table(run: Path) -> None:
    hidden = tables(run)["fit"].query("geo == 'all' and split == 'holdout'")
    facts = find(run, "Of the {rows").facts
    assert facts["inside"] == int(hidden["actual"].between(hidden["p05"], hidden["p95"]).sum())
    assert facts["rows"] == len(hidden) == 13
    wmape = np.abs(hidden["actual"] - hidden["expected"]).sum() / np.abs(hidden["actual"]).sum()
    assert facts["wmape"] == pytest.approx(wmape)


def test_the_next_test_is_the_widest_interval_in_money_without_an_experiment(run: Path) -> None:
    spend = wide(run, "mean")["spend"]
    width = (wide(run, "p95")["roi"] - wide(run, "p05")["roi"]) * spend
    labels = tables(run)["verdicts"].drop_duplicates("channel").set_index("channel")["label"]
    untested = width[labels[width.index] != "experiment-confirmed"]
    assert find(run, "*Test {channel:channel}").facts["channel"] == untested.idxmax()


def test_what_was_not_run_is_said(bare: Path) -> None:
    text = " ".join(sentence.text for sentence in everything(bare))
    assert "No causal validation was run" in text
    assert "No budget plan was made in this run" in text
    assert "The data review's findings are not part of this run." in text


def test_a_count_without_a_money_value_is_never_called_money(bare: Path) -> None:
    facts = find(bare, "Between {start")
    assert re.search(r"brought [\d.]+k? of sales", facts.text)
    assert not any("break-even" in sentence.text for sentence in everything(bare))
