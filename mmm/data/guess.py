"""What does a table most likely contain? A first `study.yaml`, to be read and corrected by a person.

    text, notes = guess_study(Path("data.csv"))

Columns are sorted into time, geo, KPI, spend, exposure, organic media, treatments and controls, by their names first
and their values where names say nothing. Each decision leaves a note with its reason, because a guess that nobody sees
is a mistake that nobody finds. A column that fits nothing becomes a control if it is a number, and is left out if it is
text.

To teach it a word, add it to `mmm.data.words`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from mmm.data.dates import parse_dates
from mmm.data.ingest import READERS, read_file
from mmm.data.numbers import BLANKS, decimal_sign, read_numbers
from mmm.data.privacy import personal_columns
from mmm.data.table import Table
from mmm.data.words import is_called, says, stem
from mmm.errors import InputError

LACKING = {
    "time": "no column looks like dates: name it `week` or `date`, or write study.yaml by hand",
    "kpi": "no column looks like an outcome: name it `sales`, `revenue` or `conversions`, or write study.yaml by hand",
    "channels": "no column looks like media spend: name them `tv_spend`, `search_cost`, or write study.yaml by hand",
}


@dataclass
class Guess:
    """Which column is what, filled in one pass over the names; `notes` say why."""

    time: str = ""
    geo: str = ""
    population: str = ""
    kpi: str = ""
    value: str = ""
    channels: dict[str, dict[str, str]] = field(default_factory=dict)
    organic: dict[str, str] = field(default_factory=dict)
    treatments: list[str] = field(default_factory=list)
    controls: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def guess_study(path: Path, folder: Path | None = None) -> tuple[str, list[str]]:
    """The text of a first study for the table at `path`, and what was guessed with the reasons.

    The study is meant to lie in `folder`, from where it finds its data; beside them if left out.

    Raises `InputError` if the file cannot be read, holds personal data, or has neither dates, a KPI nor a channel.
    """
    table = read_file(path)
    problems = personal_columns(table.frame)
    if problems:
        raise InputError(problems, path.name)
    guess = guess_columns(table)
    lacking = [sentence for part, sentence in LACKING.items() if not getattr(guess, part)]
    if lacking:
        raise InputError(lacking, path.name)
    source = os.path.relpath(path.resolve(), (folder or path.parent).resolve())
    return _text(guess, path, Path(source).as_posix()), guess.notes


def guess_columns(table: Table) -> Guess:
    """Sort every column of the table."""
    frame = table.frame
    guess = Guess()
    numbers = _number_columns(table)
    names = [str(name) for name in frame.columns]
    guess.time = _time(frame, names, table)
    rest = [name for name in names if name != guess.time and not _is_row_number(name, numbers)]
    guess.geo = _geo(frame, rest, guess)
    rest = [name for name in rest if name != guess.geo]
    guess.population = _first(rest, "population", numbers)
    guess.value = _first([name for name in rest if name != guess.population], "value", numbers)
    guess.kpi = _kpi([name for name in rest if name not in (guess.population, guess.value)], numbers)
    rest = [name for name in rest if name not in (guess.population, guess.value, guess.kpi)]
    _media(rest, numbers, guess)
    _notes(guess)
    return guess


def _number_columns(table: Table) -> dict[str, np.ndarray]:
    """Columns of numbers (blanks allowed), as float64."""
    decimal, _ = decimal_sign([table.frame[name] for name in table.frame], table.separator)
    found = {}
    for name in table.frame:
        values = table.frame[name]
        blank = np.array([str(value).strip().lower() in BLANKS for value in values])
        numbers, _ = read_numbers(values, "controls", decimal, str)
        if np.isfinite(numbers[~blank]).all() and not blank.all():
            found[str(name)] = np.nan_to_num(numbers)
    return found


def _time(frame: pd.DataFrame, names: list[str], table: Table) -> str:
    """The first column whose name means time and whose cells are dates, else any whose cells are dates."""
    for name in [*filter(lambda name: says(name, "time"), names), *names]:
        if not pd.api.types.is_numeric_dtype(frame[name].dtype):
            parsed, problems = parse_dates(frame[name], table.where)
            if not problems and parsed.nunique() > 2:
                return name
    return ""


def _is_row_number(name: str, numbers: dict[str, np.ndarray]) -> bool:
    """A first column without a name, as pandas and R write the row numbers."""
    return name.startswith("column ") and name in numbers and bool((np.diff(numbers[name]) == 1).all())


def _geo(frame: pd.DataFrame, names: list[str], guess: Guess) -> str:
    """A column whose name means a place and that, with the time, names each row once."""
    if not guess.time or frame[guess.time].is_unique:
        return ""
    for name in names:
        if says(name, "geo") and not frame.duplicated([guess.time, name]).any():
            return name
    return ""


def _first(names: list[str], kind: str, numbers: dict[str, np.ndarray]) -> str:
    return next((name for name in names if name in numbers and is_called(name, kind)), "")


def _kpi(names: list[str], numbers: dict[str, np.ndarray]) -> str:
    """The outcome: the column whose whole name is such a word, else one that contains it and is no control."""
    able = [name for name in names if name in numbers and not says(name, "control")]
    whole = [name for name in able if is_called(name, "kpi")]
    part = [name for name in able if says(name, "kpi") and not says(name, "spend") and not says(name, "organic")]
    return next(iter([*whole, *part]), "")


def _media(names: list[str], numbers: dict[str, np.ndarray], guess: Guess) -> None:
    """Spend columns become channels, and find their exposure, reach and frequency by the rest of their name."""
    usable = [name for name in names if name in numbers]
    guess.left_out += [name for name in names if name not in numbers]
    spends = [
        name for name in usable if says(name, "spend") and not says(name, "control") and (numbers[name] >= 0).all()
    ]
    for name in spends:
        guess.channels[_channel(name, ("spend",), guess)] = {"spend": name}
    others = [name for name in usable if name not in spends]
    if not spends:
        bare = [name for name in others if _bare_channel(name, numbers[name])]
        for name in bare:
            guess.channels[_channel(name, (), guess)] = {"spend": name}
        others = [name for name in others if name not in bare]
    for name in list(others):
        kind = next((kind for kind in ("reach", "frequency", "exposure") if says(name, kind)), "")
        channel = guess.channels.get(stem(name, (kind,))) if kind else None
        if channel and kind not in channel:
            channel[kind] = name
            others.remove(name)
    for channel in guess.channels.values():
        _complete(channel, guess)
    for name in others:
        _lever(name, numbers[name], guess)


def _channel(name: str, kinds: tuple[str, ...], guess: Guess) -> str:
    """The channel that a column is named after; its whole name where another column has taken the short one."""
    short = stem(name, kinds)
    return short if short not in guess.channels else stem(name, ())


def _complete(channel: dict[str, str], guess: Guess) -> None:
    """Reach and frequency stand together and replace the exposure; one of them alone is dropped."""
    if "reach" in channel and "frequency" in channel:
        dropped = [channel.pop("exposure")] if "exposure" in channel else []
    else:
        dropped = [channel.pop(kind) for kind in ("reach", "frequency") if kind in channel]
    guess.left_out += dropped


def _bare_channel(name: str, values: np.ndarray) -> bool:
    """In a table without one spend column: a medium's name over numbers that are never negative."""
    return is_called(name, "medium") and bool((values >= 0).all()) and not says(name, "control")


def _lever(name: str, values: np.ndarray, guess: Guess) -> None:
    if np.ptp(values) == 0:
        guess.left_out.append(name)
    elif says(name, "organic") and (values >= 0).all() and not says(name, "control"):
        guess.organic[stem(name, ("exposure",))] = name
    elif says(name, "treatment") and not says(name, "control"):
        guess.treatments.append(name)
    elif says(name, "exposure") and (values >= 0).all() and not says(name, "control"):
        guess.organic[stem(name, ("exposure",))] = name
    else:
        guess.controls.append(name)


def _notes(guess: Guess) -> None:
    say = guess.notes.append
    say(f"time is `{guess.time}`, because its cells are dates")
    say(
        f"geo is `{guess.geo}`: with the time it names each row once"
        if guess.geo
        else "the study is national: no column splits the periods"
    )
    say(f"the KPI is `{guess.kpi}`; kind: {_kind(guess)}, from its name")
    if guess.value:
        say(f"`{guess.value}` is taken as the money value of one KPI unit")
    for name, channel in guess.channels.items():
        extra = "".join(f", {kind} `{column}`" for kind, column in channel.items() if kind != "spend")
        say(f"{name} is a paid channel: spend `{channel['spend']}`{extra}")
    for name, column in guess.organic.items():
        say(f"{name} is organic media: `{column}` has no spend beside it")
    for kind, names in (("treatments", guess.treatments), ("controls", guess.controls)):
        if names:
            say(f"{kind}: {', '.join(names)}")
    if guess.left_out:
        say(f"left out, because text, constant or not needed: {', '.join(guess.left_out)}")
    say("the currency is set to EUR: correct it if it is another")


def _kind(guess: Guess) -> str:
    return "count" if says(guess.kpi, "count") else "revenue"


def _text(guess: Guess, path: Path, source: str) -> str:
    """The study with a comment on each part; column names are quoted where YAML needs it."""
    kpi = {"column": guess.kpi, "kind": _kind(guess)} | ({"value_per_kpi": guess.value} if guess.value else {})
    lines = [
        "# A first study, guessed from the columns: read every line before you trust it.",
        f"study: {_flow(_study_name(path))}",
        "currency: EUR  # correct it if the money is another",
        "data:",
        f"  source: {_flow(source)}",
        f"  time: {_flow(guess.time)}",
        *([f"  geo: {_flow(guess.geo)}"] if guess.geo else []),
        *([f"  population: {_flow(guess.population)}"] if guess.population else []),
        "  # kind: revenue (money), or count with value_per_kpi as the money value of one",
        f"  kpi: {_flow(kpi)}",
        "  # paid media: spend, and exposure or reach and frequency where known",
        "  channels:",
        *[f"    {_flow(name)}: {_flow(columns)}" for name, columns in guess.channels.items()],
    ]
    if guess.organic:
        lines += ["  # media without a cost a unit", "  organic:"]
        lines += [f"    {_flow(name)}: {_flow({'exposure': column})}" for name, column in guess.organic.items()]
    if guess.treatments:
        lines += ["  # what you decide beside media", f"  treatments: {_flow(guess.treatments)}"]
    if guess.controls:
        lines += ["  # what moves the KPI and is not a result of media", f"  controls: {_flow(guess.controls)}"]
    lines += [f"# left out: {column}" for column in guess.left_out]
    return "\n".join(lines) + "\n"


def _study_name(path: Path) -> str:
    """A study's name from the file's, or from its folder's where the file is called `data` or so."""
    ending = next((e for e in sorted(READERS, key=len, reverse=True) if path.name.lower().endswith(e)), path.suffix)
    name = path.name.removesuffix(path.name[len(path.name) - len(ending) :])
    name = path.resolve().parent.name if name.lower() in ("data", "export", "sales") else name
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-._") or "study"


def _flow(value: object) -> str:
    """A value on one line as YAML writes it."""
    return (
        yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=100_000, allow_unicode=True)
        .removesuffix("\n...\n")
        .strip()
    )
