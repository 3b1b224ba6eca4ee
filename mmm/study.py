"""What is being asked: `study.yaml` becomes one frozen `Study`.

A study names the data, the model, the experiments, the plan and the report. This is the only module that knows
pydantic, and the only home of a default: code elsewhere reads `study.model.max_lag` and never writes `13` again.

    study = load_study("study.yaml")
    study.data.channels["tv"].spend      # the column that holds TV's spend

Every problem of a file is collected and reported together, each with its place and its remedy, as `StudyError`.
Paths inside a study are relative to the file that names them.

To add a setting, add a field with a default here, document it in the class's docstring, and read it where it is
needed; nothing else has to change.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

INTERVAL = (0.05, 0.95)
"""The quantiles every reported interval runs between: a 90 % credible interval."""


class InputError(ValueError):
    """The input is wrong, and the user can mend it; `problems` lists everything that was found."""

    def __init__(self, problems: list[str], source: str = "") -> None:
        self.problems = list(problems)
        self.source = source
        where = f" in {source}" if source else ""
        count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}{where}:"
        super().__init__("\n".join([count, *(f"  - {problem}" for problem in problems)]))


class StudyError(InputError):
    """`study.yaml` cannot be used as it stands."""


def _name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", value):
        raise ValueError(f"{value!r} may hold letters, digits, '-', '_' and '.' only, and starts with a letter or digit")
    return value


def _key(value: str) -> str:
    if not value.strip() or any(ord(character) < 32 for character in value):
        raise ValueError(f"{value!r} is empty or holds a control character")
    return value


def _date(value: object) -> object:
    return value.date() if isinstance(value, dt.datetime) else value


Name = Annotated[str, AfterValidator(_name)]
Key = Annotated[str, AfterValidator(_key)]
Day = Annotated[dt.date, BeforeValidator(_date)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Channel(_Part):
    """A paid channel: its `spend` column, and what people saw where that is known.

    `exposure` is impressions, clicks or GRPs; `reach` and `frequency` come together. Without any of them the spend
    itself is the exposure.
    """

    spend: Key
    exposure: Key | None = None
    reach: Key | None = None
    frequency: Key | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Channel:
        if (self.reach is None) != (self.frequency is None):
            raise ValueError("reach and frequency come together: name both columns or neither")
        if self.reach and self.exposure:
            raise ValueError("give either exposure, or reach and frequency, not both")
        return self


class Organic(_Part):
    """Media that costs nothing at the margin, such as a newsletter: its `exposure` column."""

    exposure: Key


class Kpi(_Part):
    """The outcome: its column, whether it is money or a count, and the money value of one unit.

    `value_per_kpi` is a number, or the column that holds it by period. For `kind: revenue` it is 1 unless given.
    """

    column: Key
    kind: Literal["revenue", "count"] = "revenue"
    value_per_kpi: PositiveFloat | Key = 1.0


class Window(_Part):
    """The periods that enter the likelihood; rows before `start` only feed carryover."""

    start: Day | None = None
    end: Day | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Window:
        if self.start and self.end and self.start >= self.end:
            raise ValueError(f"start {self.start} is not before end {self.end}")
        return self


class TableSource(_Part):
    """A table in a database: `connection` as Ibis writes it, `duckdb:///file.db` or `postgres://...`."""

    table: Key
    connection: Key


class Data(_Part):
    """Where the panel comes from and what its columns mean."""

    source: Key | TableSource
    time: Key
    frequency: Key | None = None
    geo: Key | None = None
    population: Key | None = None
    kpi: Kpi
    channels: dict[Key, Channel] = Field(min_length=1)
    organic: dict[Key, Organic] = {}
    treatments: tuple[Key, ...] = ()
    controls: tuple[Key, ...] = ()
    window: Window = Window()

    def columns(self) -> dict[str, str]:
        """Every column the study reads, as `{place in the study: column}`, in the study's order."""
        found = {"time": self.time, "kpi.column": self.kpi.column}
        optional = {"geo": self.geo, "population": self.population}
        found |= {place: column for place, column in optional.items() if column}
        if isinstance(self.kpi.value_per_kpi, str):
            found["kpi.value_per_kpi"] = self.kpi.value_per_kpi
        for name, channel in self.channels.items():
            for field, column in channel.model_dump(exclude_none=True).items():
                found[f"channels.{name}.{field}"] = column
        found |= {f"organic.{name}.exposure": organic.exposure for name, organic in self.organic.items()}
        found |= {f"treatments[{i}]": column for i, column in enumerate(self.treatments)}
        found |= {f"controls[{i}]": column for i, column in enumerate(self.controls)}
        return found

    @model_validator(mode="after")
    def _one_meaning_per_column(self) -> Data:
        problems = []
        by_column: dict[str, list[str]] = {}
        for place, column in self.columns().items():
            by_column.setdefault(column, []).append(place)
        for column, places in by_column.items():
            if len(places) > 1:
                problems.append(f"column {column!r} is used as {' and as '.join(places)}: a column has one meaning, remove the others")
        names = [*self.channels, *self.organic, *self.treatments, *self.controls]
        for name in sorted({name for name in names if names.count(name) > 1}):
            problems.append(f"{name!r} names more than one channel, organic medium, treatment or control: rename one")
        if problems:
            raise ValueError("; ".join(problems))
        return self


class Prior(_Part):
    """A positive quantity in the analyst's language: its median and the value it exceeds once in twenty."""

    median: PositiveFloat
    p95: PositiveFloat

    @model_validator(mode="after")
    def _ordered(self) -> Prior:
        if self.p95 <= self.median:
            raise ValueError(f"p95 {self.p95} must be greater than the median {self.median}")
        return self


class ChannelModel(_Part):
    """What one channel does differently from the model's defaults."""

    adstock: Key | None = None
    saturation: Key | None = None
    roi_prior: Prior | None = None


class Seasonality(_Part):
    """Yearly Fourier terms; `order: auto` takes what the length and the frequency of the data support."""

    order: Literal["auto"] | Annotated[int, Field(ge=0, le=26)] = "auto"


class Trend(_Part):
    """A level that drifts: a piecewise-linear curve whose `knots` bend as far as the data ask for."""

    kind: Literal["flexible", "linear", "none"] = "flexible"
    knots: Literal["auto"] | PositiveInt = "auto"


class Model(_Part):
    """The mix model; every key has a default, and a bare study fits."""

    adstock: Key = "auto"
    saturation: Key = "auto"
    max_lag: Annotated[int, Field(ge=0, le=104)] = 13
    trend: Trend = Trend()
    seasonality: Seasonality = Seasonality()
    per_channel: dict[Key, ChannelModel] = {}
    likelihood: Literal["normal", "student_t", "negative_binomial"] = "normal"
    link: Literal["identity", "log"] = "identity"

    @model_validator(mode="after")
    def _count_needs_log(self) -> Model:
        if self.likelihood == "negative_binomial" and self.link != "log":
            raise ValueError("a negative_binomial likelihood needs link: log, because its mean must be positive")
        return self


class Fit(_Part):
    """How the posterior is drawn. `quick` is for iterating: fewer draws, said so in the verdict."""

    seed: Annotated[int, Field(ge=0)] = 1
    chains: Annotated[int, Field(ge=2, le=64)] = 4
    draws: Annotated[int, Field(ge=50)] = 1000
    warmup: Annotated[int, Field(ge=50)] = 600
    device: Literal["auto", "cpu", "gpu"] = "auto"
    mode: Literal["full", "quick"] = "full"


class Horizon(_Part):
    """The periods a plan decides. Without a `start` it begins where the data end."""

    start: Day | None = None
    periods: PositiveInt = 13


class Target(_Part):
    """A budget that is whatever meets one target."""

    target_roi: PositiveFloat | None = None
    target_mroi: PositiveFloat | None = None
    target_cpa: PositiveFloat | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Target:
        if sum(value is not None for value in (self.target_roi, self.target_mroi, self.target_cpa)) != 1:
            raise ValueError("give exactly one of target_roi, target_mroi and target_cpa")
        return self


def _bounds(value: tuple[float, float]) -> tuple[float, float]:
    lower, upper = value
    if not 0 <= lower <= upper:
        raise ValueError(f"bounds [{lower}, {upper}] need 0 <= lower <= upper")
    return value


Bounds = Annotated[tuple[float, float], AfterValidator(_bounds)]


class Group(_Part):
    """Channels whose shares of the budget are limited together."""

    channels: tuple[Key, ...] = Field(min_length=1)
    min_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    max_share: Annotated[float, Field(ge=0, le=1)] = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> Group:
        if self.min_share > self.max_share:
            raise ValueError(f"min_share {self.min_share} is greater than max_share {self.max_share}")
        return self


class Scenario(_Part):
    """A budget of the user's own: spend multiples by channel; channels left out stay at 1."""

    name: Name
    multiples: dict[Key, Annotated[float, Field(ge=0)]]


class Finance(_Part):
    """Turns KPI value into profit: contribution margin in 0..1, yearly discount rate."""

    margin: Annotated[float, Field(gt=0, le=1)] | None = None
    discount_rate: Annotated[float, Field(ge=0, lt=1)] = 0.08


class Plan(_Part):
    """What the budget may be. Bounds are multiples of the reference spend."""

    horizon: Literal["history"] | Horizon = Horizon()
    budget: Literal["same"] | PositiveFloat | Target = "same"
    bounds: dict[Key, Bounds] = {"default": (0.5, 1.5)}
    max_shift_unvalidated: Annotated[float, Field(ge=0, le=1)] = 0.1
    groups: tuple[Group, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    finance: Finance = Finance()


class Report(_Part):
    """Title, language and which documents to make."""

    title: str | None = None
    locale: Literal["en-GB", "fr-FR", "de-DE"] = "en-GB"
    templates: tuple[Literal["board", "budget"], ...] = ("board", "budget")


class Study(_Part):
    """A whole study, checked. `folder` is where its file lies: relative paths start there."""

    study: Name
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    data: Data
    model: Model = Model()
    experiments: Key | None = None
    fit: Fit = Fit()
    plan: Plan = Plan()
    report: Report = Report()
    folder: Path = Field(default=Path(), exclude=True)

    @model_validator(mode="after")
    def _channels_exist(self) -> Study:
        known = set(self.data.channels)
        mentioned = {f"plan.bounds.{name}": name for name in self.plan.bounds if name != "default"}
        mentioned |= {f"plan.groups[{i}]": name for i, group in enumerate(self.plan.groups) for name in group.channels}
        mentioned |= {f"plan.scenarios.{s.name}": name for s in self.plan.scenarios for name in s.multiples}
        unknown = [f"{place} names {name!r}, which is not a channel" for place, name in mentioned.items() if name not in known]
        media = known | set(self.data.organic)
        unknown += [f"model.per_channel names {name!r}, which is not a channel" for name in self.model.per_channel if name not in media]
        if unknown:
            raise ValueError("; ".join(unknown) + f"; the channels are {', '.join(sorted(known))}")
        return self

    def resolve(self, path: str) -> Path:
        """`path` as the study means it: relative to the folder of its file."""
        return (self.folder / path).resolve()

    def canonical(self) -> dict[str, Any]:
        """The study with every default written out, as plain JSON values."""
        return self.model_dump(mode="json")

    def hash(self) -> str:
        """SHA-256 of the canonical study: two studies that ask the same have the same hash."""
        text = json.dumps(self.canonical(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
