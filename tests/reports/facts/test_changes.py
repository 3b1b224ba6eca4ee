"""What changed since the last run: the reason of the largest move, and noise shown as noise."""

from pathlib import Path

import pandas as pd

from reports.facts import changes
from reports.source import language, read

ZERO = dict.fromkeys(("prior", "experiments", "restated"), (0.0, 0.0)) | {"model": (1e-9, 0.01)}


def with_changes(run: Path, **channels: dict[str, tuple[float, float]]) -> None:
    rows = [(name, step, *pair) for name, parts in channels.items() for step, pair in parts.items()]
    pd.DataFrame(rows, columns=["channel", "step", "value", "mcse"]).to_csv(run / "tables" / "changes.csv", index=False)


TV = {"parent": (1.50, 0.01), **ZERO, "learned": (0.30, 0.02), "asked": (-0.05, 0.001), "child": (1.75, 0.01)}
RADIO = {"parent": (0.80, 0.01), **ZERO, "learned": (0.02, 0.02), "asked": (0.0, 0.0), "child": (0.82, 0.01)}


def test_a_run_without_a_parent_has_no_such_section(run: Path) -> None:
    source = read(run)
    facts = changes.numbers(source)
    assert facts["channels"] == []
    assert changes.words(facts, language(source)) is None


def test_the_largest_move_is_told_with_its_reason(run: Path) -> None:
    with_changes(run, radio=RADIO, tv=TV)
    source = read(run)
    facts = changes.numbers(source)
    assert [row["channel"] for row in facts["channels"]] == ["tv", "radio"]
    assert facts["channels"][0]["reason"] == "learned"
    assert facts["channels"][1]["reason"] is None
    page = changes.words(facts, language(source))
    assert page is not None
    assert page["paragraphs"][0].text == (
        "The return of TV moved most, from 1.50 to 1.75; the largest part of it is what the new data taught."
    )


def test_steps_that_moved_nothing_are_left_out_and_noise_is_quiet(run: Path) -> None:
    with_changes(run, tv=TV, radio=RADIO)
    source = read(run)
    page = changes.words(changes.numbers(source), language(source))
    assert page is not None
    table = page["table"]
    assert [cell.text for cell in table.head] == ["Channel", "Then", "New data", "Longer period", "Now"]
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["TV", "1.50", "+0.30", "−0.05", "1.75"],
        ["Radio", "0.80", "+0.02", "–", "0.82"],
    ]
    assert {style for _, style in table.rows[1][2].runs} == {"quiet"}
    assert {style for _, style in table.rows[0][2].runs} == {""}


def test_a_run_that_moved_by_noise_alone_says_so(run: Path) -> None:
    with_changes(run, radio=RADIO)
    source = read(run)
    page = changes.words(changes.numbers(source), language(source))
    assert page is not None
    assert page["paragraphs"][0].text.startswith("No return moved by more than the sampler's own noise.")
