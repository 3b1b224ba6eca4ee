"""From a study with a lift table to the report's words: two experiments contradict each other, one the model."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from mmm import stages
from mmm.data.panel import load_panel
from mmm.data.simulate import TrueChannel, simulate
from mmm.files import read_table
from mmm.run import opened, perform
from mmm.study import load_study
from reports.facts import cards
from reports.source import language, read
from tests.reports.fake_run import fake_run

CHANNELS = (
    TrueChannel("tv", 0.6, 1.5, 0.5, 1.2, 1.0, "bursts"),
    TrueChannel("search", 0.4, 2.0, 0.1, 2.0, 1.0, "always_on"),
)
WEEKS = 90


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A quick run through review, fit and validation."""
    folder = tmp_path_factory.mktemp("study")
    market = simulate(seed=3, weeks=WEEKS, channels=CHANNELS, controls=False, promotion=False)
    market.frame.to_csv(folder / "data.csv", index=False)
    _experiments(market.frame).to_csv(folder / "lift.csv", index=False)
    quick = {"mode": "quick", "chains": 2, "draws": 100, "warmup": 150, "seed": 1}
    described = market.study("data.csv") | {"fit": quick, "experiments": "lift.csv"}
    (folder / "study.yaml").write_text(yaml.safe_dump(described, sort_keys=False))
    study = load_study(folder / "study.yaml")
    panel = stages.prepared(study, load_panel(study))
    with opened(folder / "run", stages.identity(study, panel), stages.resolved(study)) as made:
        steps = stages.stages(made, study, panel)
        for name in ("check", "fit", "validate"):
            perform(made, steps[name])
    return folder / "run"


def _experiments(frame: pd.DataFrame) -> pd.DataFrame:
    """TV at its true return and at eight times that; search at five times its own, in weeks that it was on."""
    weeks = pd.to_datetime(frame["week"])
    rows = []
    for name, channel, first, roi in (
        ("tv-once", "tv", None, 1.0),
        ("tv-again", "tv", 40, 8.0),
        ("search-test", "search", 60, 10.0),
    ):
        spend = frame[f"{channel}_spend"].to_numpy()
        begins = next(at for at in range(first or 5, WEEKS - 8) if (spend[at : at + 4] > 0).all())
        moved = 0.5 * spend[begins : begins + 4].sum()
        row = {"experiment": name, "channel": channel, "start": weeks[begins].date()}
        row |= {"end": weeks[begins + 4].date() - pd.Timedelta(days=1).to_pytimedelta()}
        row |= {"measured_until": weeks[begins + 8].date(), "spend_delta": moved, "lift": roi * moved}
        rows.append(row | {"standard_error": 0.2 * roi * moved, "randomised": "yes"})
    return pd.DataFrame(rows)


def test_two_experiments_that_contradict_each_other_are_a_conflict_of_the_run(run: Path) -> None:
    found = read_table(run / "tables" / "experiments.csv")
    pair = found[found["other"].notna()].iloc[0]
    assert {pair["experiment"], pair["other"]} == {"tv-once", "tv-again"}
    assert pair["result"] == "conflict"
    assert abs(pair["z"]) > 2


def test_an_experiment_that_contradicts_the_model_is_never_passed(run: Path) -> None:
    found = read_table(run / "tables" / "experiments.csv").set_index("experiment")
    assert found.loc["search-test", "result"] in ("conflict", "not_testable")
    labels = read_table(run / "tables" / "cards.csv").set_index("channel")["label"]
    assert "confirmed" not in labels["tv"]


def test_the_report_says_the_conflict_and_the_review_that_the_sales_count_twice(run: Path, tmp_path: Path) -> None:
    document = fake_run(tmp_path)
    for name in ("experiments", "cards", "estimates"):
        (document / "tables" / f"{name}.csv").write_bytes((run / "tables" / f"{name}.csv").read_bytes())
    source = read(document)
    words = cards.words(cards.numbers(source), language(source))
    said = " ".join(sentence.text for sentence in words["card_notes"])
    assert "the two contradict each other. Do not average them." in said
    assert "tipping point" in said
    review = read_table(run / "tables" / "review.csv").set_index("check")
    assert len(review.loc[["experiment_in_training"]]) == 3
