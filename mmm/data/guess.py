"""What does a table most likely contain? A first `study.yaml`, to be read and corrected by a person.

    text, notes = guess_study(Path("data.csv"))

Columns are sorted into time, geo, KPI, spend, exposure, organic media, treatments and controls, by their names first and
their values where names say nothing. Each decision leaves a note with its reason, because a guess that nobody sees
is a mistake that nobody finds. A column that fits nothing becomes a control if it is a number, and is left out if it is text.

To teach it a word, add it to `WORDS`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from mmm.data.dates import parse_dates
from mmm.data.ingest import READERS, Table, read_file
from mmm.data.numbers import BLANKS, decimal_sign, read_numbers
from mmm.data.privacy import personal_columns
from mmm.errors import InputError

WORDS = {
    "time": r"date|day|week|month|time|period|ds|datum|semaine|jour|mois|woche|monat",
    "geo": r"geo|region|market|dma|state|country|city|store|land|pays|bundesland",
    "population": r"population|pop|inhabitants",
    "value": r"(revenue|value|margin|profit|ltv)_per_\w+|unit_price_value",
    "kpi": r"revenues?|sales|turnover|conversions?|orders|y|kpi|gmv|net_sales|umsatz|ventes|subscriptions|signups|installs|leads|units_sold",
    "spend": r"spend|spends|spending|cost|costs|s|budget|investment|ausgaben|depenses",
    "exposure": r"impressions?|imps?|i|clicks?|p|grps?|trps?|views?|sends?",
    "reach": r"reach",
    "frequency": r"frequency|freq",
    "organic": r"organic|newsletter|email|e_mail|mail|crm|push|blog|pr",
    "treatment": r"promos?|promotions?|discounts?|sale|coupon|deal|price_cut",
}

CONTROL = r"controls?|competitor\w*|price\w*|weather|holidays?|index|c\d+"

MEDIA = (
    r"(x\d+_.*|.*(tv|television|radio|print|ooh|out_of_home|facebook|meta|instagram|google|youtube|tiktok|search|social|display|"
    r"video|affiliate|influencer|ads?|media|channel)\d*(_.*)?)"
)


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


def guess_study(path: Path) -> tuple[str, list[str]]:
    """The text of a first study for the table at `path`, and what was guessed with the reasons.

    Raises `InputError` if the file cannot be read, holds personal data, or has neither dates, a KPI nor a channel.
    """
    table = read_file(path)
    problems = personal_columns(table.frame)
    if problems:
        raise InputError(problems, path.name)
    guess = guess_columns(table)
    lacking = [
        sentence
        for found, sentence in (
            (guess.time, "no column looks like dates: name it `week` or `date`, or write study.yaml by hand"),
            (
                guess.kpi,
                "no column looks like an outcome: name it `sales`, `revenue` or `conversions`, or write study.yaml by hand",
            ),
            (
                guess.channels,
                "no column looks like media spend: name them `tv_spend`, `search_cost`, or write study.yaml by hand",
            ),
        )
        if not found
    ]
    if lacking:
        raise InputError(lacking, path.name)
    return _text(guess, path), guess.notes


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


def _words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [word for word in re.split(r"[^a-z0-9]+", spaced.lower()) if word]


def _says(name: str, kind: str) -> bool:
    """Whether the whole name, or one of its words, is a word of that kind."""
    words = _words(name)
    return any(re.fullmatch(WORDS[kind], word) for word in ["_".join(words), *words])


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
    for name in [*filter(lambda name: _says(name, "time"), names), *names]:
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
        if _says(name, "geo") and not frame.duplicated([guess.time, name]).any():
            return name
    return ""


def _first(names: list[str], kind: str, numbers: dict[str, np.ndarray]) -> str:
    return next((name for name in names if name in numbers and re.fullmatch(WORDS[kind], "_".join(_words(name)))), "")


def _kpi(names: list[str], numbers: dict[str, np.ndarray]) -> str:
    """The outcome: the column whose whole name is such a word, else one that contains it and is no control."""
    able = [name for name in names if name in numbers and not _control(name)]
    whole = [name for name in able if re.fullmatch(WORDS["kpi"], "_".join(_words(name)))]
    part = [name for name in able if _says(name, "kpi") and not _says(name, "spend") and not _says(name, "organic")]
    return next(iter([*whole, *part]), "")


def _control(name: str) -> bool:
    words = _words(name)
    return any(re.fullmatch(CONTROL, word) for word in words)


def _media(names: list[str], numbers: dict[str, np.ndarray], guess: Guess) -> None:
    """Spend columns become channels, and find their exposure, reach and frequency by the rest of their name."""
    usable = [name for name in names if name in numbers]
    guess.left_out += [name for name in names if name not in numbers]
    spends = [name for name in usable if _says(name, "spend") and not _control(name) and (numbers[name] >= 0).all()]
    for name in spends:
        guess.channels[_stem(name, ("spend",))] = {"spend": name}
    others = [name for name in usable if name not in spends]
    if not spends:
        bare = [name for name in others if _bare_channel(name, numbers[name])]
        guess.channels |= {_stem(name, ()): {"spend": name} for name in bare}
        others = [name for name in others if name not in bare]
    for name in list(others):
        kind = next((kind for kind in ("reach", "frequency", "exposure") if _says(name, kind)), "")
        stem = _stem(name, (kind,)) if kind else ""
        if kind and stem in guess.channels:
            guess.channels[stem][kind] = name
            others.remove(name)
    for channel in guess.channels.values():
        _complete(channel, guess)
    for name in others:
        _lever(name, numbers[name], guess)


def _complete(channel: dict[str, str], guess: Guess) -> None:
    """Reach and frequency stand together and replace the exposure; one of them alone is dropped."""
    if "reach" in channel and "frequency" in channel:
        dropped = [channel.pop("exposure")] if "exposure" in channel else []
    else:
        dropped = [channel.pop(kind) for kind in ("reach", "frequency") if kind in channel]
    guess.left_out += dropped


def _bare_channel(name: str, values: np.ndarray) -> bool:
    """In a table without one spend column: a medium's name over numbers that are never negative."""
    return bool(re.fullmatch(MEDIA, "_".join(_words(name)))) and bool((values >= 0).all()) and not _control(name)


def _lever(name: str, values: np.ndarray, guess: Guess) -> None:
    if np.ptp(values) == 0:
        guess.left_out.append(name)
    elif _says(name, "organic") and (values >= 0).all() and not _control(name):
        guess.organic[_stem(name, ("exposure",))] = name
    elif _says(name, "treatment") and not _control(name):
        guess.treatments.append(name)
    elif _says(name, "exposure") and (values >= 0).all() and not _control(name):
        guess.organic[_stem(name, ("exposure",))] = name
    else:
        guess.controls.append(name)


def _stem(name: str, kinds: tuple[str, ...]) -> str:
    """The name without the words of those kinds: `TV_spend` is the channel `TV`."""
    parts = [part for part in re.split(r"[^A-Za-z0-9]+", name) if part]
    kept = [part for part in parts if not any(re.fullmatch(WORDS[kind], part.lower()) for kind in kinds)]
    return "_".join(kept or parts)


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
    count = r"conversions?|orders|subscriptions|signups|installs|leads|units_sold"
    return "count" if re.search(rf"(^|_)({count})(_|$)", "_".join(_words(guess.kpi))) else "revenue"


def _text(guess: Guess, path: Path) -> str:
    """The study with a comment on each part; column names are quoted where YAML needs it."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", _bare_name(path)).strip("-._") or "study"
    kpi: dict[str, str] = {"column": guess.kpi, "kind": _kind(guess)}
    if guess.value:
        kpi["value_per_kpi"] = guess.value
    organic = {key: {"exposure": column} for key, column in guess.organic.items()}
    lines = [
        "# A first study, guessed from the columns. Read every line: a guess that nobody checks is a mistake that nobody finds.",
        _line("study", name),
        "currency: EUR                     # correct it if the money is another",
        "data:",
        f"  {_line('source', path.name)}",
        f"  {_line('time', guess.time)}",
        *([f"  {_line('geo', guess.geo)}"] if guess.geo else []),
        *([f"  {_line('population', guess.population)}"] if guess.population else []),
        f"  kpi: {_flow(kpi)}     # kind: revenue (money) or count",
        "  channels:                       # paid media: spend, and exposure or reach and frequency where known",
        *[f"    {_flow(key)}: {_flow(value)}" for key, value in guess.channels.items()],
        *(
            [
                "  organic:                        # media without a cost a unit",
                *[f"    {_flow(k)}: {_flow(v)}" for k, v in organic.items()],
            ]
            if organic
            else []
        ),
        *([f"  treatments: {_flow(guess.treatments)}     # what you decide beside media"] if guess.treatments else []),
        *(
            [f"  controls: {_flow(guess.controls)}     # what moves the KPI and is not a result of media"]
            if guess.controls
            else []
        ),
        *[f"# left out: {column}" for column in guess.left_out],
    ]
    return "\n".join(lines) + "\n"


def _bare_name(path: Path) -> str:
    ending = next((e for e in sorted(READERS, key=len, reverse=True) if path.name.lower().endswith(e)), path.suffix)
    name = path.name.removesuffix(path.name[len(path.name) - len(ending) :])
    return path.resolve().parent.name if name.lower() in ("data", "export", "sales") else name


def _line(key: str, value: str) -> str:
    return f"{key}: {_flow(value)}"


def _flow(value: object) -> str:
    """A value on one line as YAML writes it."""
    return (
        yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=100_000, allow_unicode=True)
        .removesuffix("\n...\n")
        .strip()
    )
