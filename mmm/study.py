"""What is being asked: `study.yaml` becomes one frozen `Study`.

A study names the data, the model, the experiments, the plan and the report. With its sections in `study_plan` this is
the only home of a default: code elsewhere reads `study.model.max_lag` and never writes its default again.

    study = load_study("study.yaml")
    study.data.channels["tv"].spend      # the column that holds TV's spend

Every problem of a file is collected and reported together, each with its place and its remedy, as `StudyError`.
Paths inside a study are relative to the file that names them.

To add a setting, add a field with a default here, document it in the class's docstring, and read it where it is
needed; nothing else has to change.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from mmm.errors import InputError, StudyError, closest, listing
from mmm.study_causal import Causal
from mmm.study_file import Document, read_document, validate
from mmm.study_plan import Finance, Flighting, Group, Horizon, Plan, Report, Scenario, Target
from mmm.study_scenarios import with_scenarios
from mmm.study_types import Day, Key, Name, Part

__all__ = [
    "INTERVAL", "Channel", "ChannelModel", "Data", "Event", "Export", "Finance", "Fit", "Flighting", "Group",
    "Holidays", "Horizon", "InputError", "Kpi", "Model", "Organic", "Plan", "Prior", "Report", "Scenario",
    "Seasonality", "Study", "StudyError", "TableSource", "Target", "Trend", "Window", "load_study",
]  # fmt: skip

INTERVAL = (0.05, 0.95)
"""The quantiles every reported interval runs between: a 90 % credible interval."""


STRENGTHS = ("roi_prior", "mroi_prior", "contribution_share_prior")
"""What may be said of a channel's strength; one of them at most."""


class Channel(Part):
    """A paid channel: its `spend` column, and what people saw where that is known.

    `exposure` is impressions, clicks or GRPs; `reach` and `frequency` come together. Without any of them the spend
    itself is the exposure. `national: true` says of a study of several geos that the columns hold the figure of all of
    them together, the same in the rows of each, as of a television campaign that nobody bought by region.
    """

    spend: Key
    exposure: Key | None = None
    reach: Key | None = None
    frequency: Key | None = None
    national: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Channel:
        if (self.reach is None) != (self.frequency is None):
            raise ValueError("reach and frequency come together: name both columns or neither")
        if self.reach and self.exposure:
            raise ValueError("give either exposure, or reach and frequency, not both")
        return self

    def columns(self) -> dict[str, str]:
        """The columns it reads, by field."""
        fields = {"spend": self.spend, "exposure": self.exposure, "reach": self.reach, "frequency": self.frequency}
        return {field: column for field, column in fields.items() if column}


class Organic(Part):
    """Media that costs nothing at the margin, such as a newsletter: its `exposure` column."""

    exposure: Key


class Kpi(Part):
    """The outcome: its column, whether it is money or a count, and the money value of one unit.

    `value_per_kpi` is a number, or the column that holds it by period. For `kind: revenue` it is 1 unless given.
    """

    column: Key
    kind: Literal["revenue", "count"] = "revenue"
    value_per_kpi: PositiveFloat | Key = 1.0

    @property
    def valued(self) -> bool:
        """Whether a unit is worth money, without which no return breaks even."""
        return self.kind == "revenue" or self.value_per_kpi != 1.0


class Window(Part):
    """The periods that enter the likelihood; rows before `start` only feed carryover."""

    start: Day | None = None
    end: Day | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Window:
        if self.start and self.end and self.start >= self.end:
            raise ValueError(f"start {self.start} is not before end {self.end}")
        return self


class TableSource(Part):
    """A table in a database: `connection` as Ibis writes it, `duckdb:///file.db` or `postgres://...`.

    A study is copied into every run, so a password stands in it as `${NAME}`, taken from the environment.
    """

    table: Key
    connection: Key

    @model_validator(mode="after")
    def _no_password(self) -> TableSource:
        if re.search(r"://[^/@:]*:(?!\$)[^/@]+@", self.connection):
            raise ValueError("the connection holds a password: write ${PGPASSWORD} in its place and set that variable")
        return self


class Export(Part):
    """One raw export among several: where it is, its own column of dates (and of regions), and which of its `columns`
    are which of the study's; those of the same name where that is left out.

    `where` keeps rows by what a column says. `missing: zero` says that no row means 0, as ad platforms export.
    """

    source: Key | TableSource
    time: Key
    geo: Key | None = None
    columns: dict[Key, Key] = Field(default={})
    where: dict[Key, Key | tuple[Key, ...]] = Field(default={})
    missing: Literal["error", "zero"] = "error"


class Data(Part):
    """Where the panel comes from and what its columns mean; a list of sources is joined (`mmm.data.exports`)."""

    source: Key | TableSource | Annotated[tuple[Export, ...], Field(min_length=1)]
    time: Key
    frequency: Key | None = None
    geo: Key | None = None
    population: Key | None = None
    kpi: Kpi
    channels: dict[Key, Channel] = Field(min_length=1)
    organic: dict[Key, Organic] = Field(default={})
    treatments: tuple[Key, ...] = ()
    controls: tuple[Key, ...] = ()
    window: Window = Window()

    @property
    def national(self) -> tuple[str, ...]:
        """The channels whose columns hold the figure of all geos together."""
        return tuple(name for name, channel in self.channels.items() if channel.national)

    @model_validator(mode="after")
    def _geos_to_share(self) -> Data:
        if self.national and not self.geo:
            raise ValueError(
                f"channels.{self.national[0]}.national is for data with regions, and data.geo names no column: name "
                "it, or leave `national` out, for then every channel is"
            )
        return self

    def columns(self) -> dict[str, str]:
        """Every column the study reads, as `{place in the study: column}`, in the study's order."""
        found = {"time": self.time, "kpi.column": self.kpi.column}
        optional = {"geo": self.geo, "population": self.population}
        found |= {place: column for place, column in optional.items() if column}
        if isinstance(self.kpi.value_per_kpi, str):
            found["kpi.value_per_kpi"] = self.kpi.value_per_kpi
        for name, channel in self.channels.items():
            for field, column in channel.columns().items():
                found[f"channels.{name}.{field}"] = column
        found |= {f"organic.{name}.exposure": organic.exposure for name, organic in self.organic.items()}
        found |= {f"treatments[{i}]": column for i, column in enumerate(self.treatments)}
        found |= {f"controls[{i}]": column for i, column in enumerate(self.controls)}
        return found


class Prior(Part):
    """A positive quantity in the analyst's language: its median and the value it exceeds once in twenty."""

    median: PositiveFloat
    p95: PositiveFloat

    @model_validator(mode="after")
    def _ordered(self) -> Prior:
        if self.p95 <= self.median:
            raise ValueError(f"p95 {self.p95} must be greater than the median {self.median}")
        return self


class ChannelModel(Part):
    """What one channel does differently from the model's defaults.

    Its strength may have one prior: its ROI, its mROI (the return on the next unit of money), or its contribution as a
    share of KPI. `half_life_prior` is in periods: how long until half of an exposure's effect has arrived. `varying`
    lets its effectiveness drift over time, as far as the data ask for it. `order: saturation_first` makes returns
    diminish within a period, whatever was spent before; without it, exposure accumulates and then saturates.
    """

    adstock: Key | None = None
    saturation: Key | None = None
    roi_prior: Prior | None = None
    mroi_prior: Prior | None = None
    contribution_share_prior: Prior | None = None
    half_life_prior: Prior | None = None
    varying: bool = False
    order: Literal["adstock_first", "saturation_first"] | None = None

    @property
    def strength(self) -> tuple[str, Prior] | None:
        """The name and the prior of the one quantity that says how strong the channel is, if the study has one."""
        given = [(name, getattr(self, name)) for name in STRENGTHS if getattr(self, name) is not None]
        return given[0] if given else None

    @model_validator(mode="after")
    def _one_strength(self) -> ChannelModel:
        given = [name for name in STRENGTHS if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(
                f"{' and '.join(given)} are priors of the same thing, how strong the channel is: keep the one that is "
                "known best"
            )
        share = self.contribution_share_prior
        if share and share.p95 >= 1:
            raise ValueError(
                f"contribution_share_prior has p95 {share.p95:g}, but no channel brings more than all of the KPI: "
                "write 10 % as 0.1"
            )
        return self


class Seasonality(Part):
    """Yearly Fourier terms; `order: auto` takes what the length and the frequency of the data support."""

    order: Literal["auto"] | Annotated[int, Field(ge=0, le=26)] = "auto"


class Trend(Part):
    """A level that drifts: a piecewise-linear curve whose `knots` bend as far as the data ask for (`flexible`), a
    straight line, or a line and a smooth Gaussian process of as many waves as `knots` (`gp`)."""

    kind: Literal["flexible", "linear", "gp", "none"] = "flexible"
    knots: Literal["auto"] | PositiveInt = "auto"


Around = tuple[Annotated[int, Field(ge=0, le=60)], Annotated[int, Field(ge=0, le=60)]]
"""Days before and days after that count as well."""


class Event(Part):
    """Something on known days that moved the KPI: `dates` that share one effect, or one span from `start` to `end`.

    `window: [2, 1]` makes it begin two days earlier and end a day later.
    """

    name: Key
    dates: tuple[Day, ...] = ()
    start: Day | None = None
    end: Day | None = None
    window: Around = (0, 0)

    @model_validator(mode="after")
    def _dated(self) -> Event:
        if bool(self.dates) == bool(self.start or self.end) or (self.start is None) != (self.end is None):
            raise ValueError(f"event {self.name!r} needs dates, or start and end: one of the two")
        if self.start and self.end and self.start > self.end:
            raise ValueError(f"event {self.name!r} starts on {self.start}, after its end {self.end}")
        return self


class Holidays(Part):
    """The public holidays of a country (ISO 3166: FR, US), or of a `region` of it; each is an event with an effect of
    its own. Needs the extra `mmm[holidays]`."""

    country: Annotated[str, Field(pattern=r"^[A-Z]{2,3}$")]
    region: Key | None = None
    window: Around = (0, 0)


class Model(Part):
    """The mix model; every key has a default, and a bare study fits.

    `max_lag` is in periods; `auto` is half a year, at most 56 periods and at most a quarter of the window. `breaks` are
    dates at which the level shifted for good. `controls_prior` is `horseshoe` where few of many controls matter; `auto`
    takes it above 10.
    """

    adstock: Key = "auto"
    saturation: Key = "auto"
    max_lag: Literal["auto"] | Annotated[int, Field(ge=0, le=104)] = "auto"
    trend: Trend = Trend()
    seasonality: Seasonality = Seasonality()
    holidays: Holidays | None = None
    events: tuple[Event, ...] = ()
    breaks: tuple[Day, ...] = ()
    controls_prior: Literal["auto", "normal", "horseshoe"] = "auto"
    per_channel: dict[Key, ChannelModel] = Field(default={})
    likelihood: Literal["normal", "student_t", "negative_binomial"] = "normal"
    link: Literal["identity", "log"] = "identity"

    @model_validator(mode="after")
    def _events_named_once(self) -> Model:
        names = [event.name for event in self.events]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"events has {listing(twice)} more than once: list all dates under one name")
        return self

    @model_validator(mode="after")
    def _count_needs_log(self) -> Model:
        if self.likelihood == "negative_binomial" and self.link != "log":
            raise ValueError("a negative_binomial likelihood needs link: log, because its mean must be positive")
        return self

    def of(self, channel: str) -> ChannelModel:
        """What `channel` does differently; nothing, unless `per_channel` says so."""
        return self.per_channel.get(channel, ChannelModel())

    def lags(self, periods: int, periods_per_year: float) -> int:
        """`max_lag` for a window of `periods` periods."""
        if self.max_lag == "auto":
            return min(round(periods_per_year / 2), 56, periods // 4)
        return self.max_lag


class Fit(Part):
    """How the posterior is drawn. `quick` is for iterating: fewer draws, said so in the verdict."""

    seed: Annotated[int, Field(ge=0)] = 1
    chains: Annotated[int, Field(ge=2, le=64)] = 4
    draws: Annotated[int, Field(ge=50)] = 1000
    warmup: Annotated[int, Field(ge=50)] = 600
    device: Literal["auto", "cpu", "gpu"] = "auto"
    mode: Literal["full", "quick"] = "full"


class Study(Part):
    """A whole study, checked. `folder` is where its file lies: relative paths start there."""

    study: Name
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    data: Data
    model: Model = Model()
    experiments: Key | None = None
    causal: Causal = Causal()
    fit: Fit = Fit()
    plan: Plan = Plan()
    report: Report = Report()
    folder: Path = Field(default=Path(), exclude=True)

    @model_validator(mode="after")
    def _coherent(self) -> Study:
        media, known = (*self.data.channels, *self.data.organic), (*self.data.treatments, *self.data.controls)
        unknown = (*_unknown_channels(self), *self.causal.unknown(media, known))
        problems = [*_column_clashes(self.data), *unknown]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def resolve(self, path: str) -> Path:
        """`path` as the study means it: relative to the folder of its file."""
        return (self.folder / path).resolve()

    def canonical(self) -> dict[str, Any]:
        """The study with every default written out, as plain JSON values."""
        return self.model_dump(mode="json")

    def _repr_html_(self) -> str:
        from mmm.shown import table

        kpi = self.data.kpi
        rows = [
            ("KPI", f"{kpi.column} ({kpi.kind})"),
            ("Channels", ", ".join(self.data.channels)),
            ("Organic", ", ".join(self.data.organic)),
            ("Treatments and controls", ", ".join([*self.data.treatments, *self.data.controls])),
            ("Window", f"{self.data.window.start or 'the beginning'} to {self.data.window.end or 'the end'}"),
            ("Model", f"adstock {self.model.adstock}, saturation {self.model.saturation}, {self.model.likelihood}"),
            ("Experiments", self.experiments or "none"),
        ]
        return table(["Asked", "Answer"], [row for row in rows if row[1]], f"Study {self.study}, {self.currency}")

    def hash(self) -> str:
        """SHA-256 of the canonical study: two studies that ask the same have the same hash."""
        text = json.dumps(self.canonical(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _column_clashes(data: Data) -> Iterator[str]:
    """A column with two meanings, a name given twice."""
    places: dict[str, list[str]] = {}
    for place, column in data.columns().items():
        places.setdefault(column, []).append(f"data.{place}")
    for column, found in places.items():
        if len(found) > 1:
            yield f"column {column!r} is used as {' and as '.join(found)}: a column has one meaning, remove the others"
    names = [*data.channels, *data.organic, *data.treatments, *data.controls]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name!r} names more than one channel, organic medium, treatment or control: rename one"


def _unknown_channels(study: Study) -> Iterator[str]:
    """Channels that the plan or the model mentions and the data do not have."""
    plan, paid = study.plan, list(study.data.channels)
    mentioned = [("plan.bounds", name) for name in plan.bounds if name != "default"]
    mentioned += [(f"plan.groups.{i}", name) for i, group in enumerate(plan.groups) for name in group.channels]
    mentioned += [
        (f"plan.scenarios.{scenario.name}", name) for scenario in plan.scenarios for name in scenario.multiples
    ]
    if plan.flighting:
        mentioned += [("plan.flighting", name) for name in plan.flighting.channels if name != "default"]
    for place, name in mentioned:
        if name not in paid:
            yield f"{place} names {name!r}, which is not a channel: {closest(name, paid)}"
    media = [*paid, *study.data.organic]
    for name, own in study.model.per_channel.items():
        if name not in media:
            yield f"model.per_channel names {name!r}, which is not a channel: {closest(name, media)}"
        if own.order and name in paid and study.data.channels[name].reach:
            yield (
                f"model.per_channel.{name}.order cannot be chosen: with reach and frequency a channel saturates per "
                "person reached, before carryover: remove it"
            )
        if name in study.data.organic and (own.roi_prior or own.mroi_prior):
            yield (
                f"model.per_channel.{name} has a prior of a return, but {name} costs nothing: give it a "
                "contribution_share_prior"
            )


def load_study(source: str | Path | Mapping[str, Any]) -> Study:
    """The study that a file, or a mapping of the same shape, describes.

    Raises `StudyError` with every problem of the study, each with its place, line and remedy. What remains when the
    faulty entries are left out, if anything usable does, is its `usable`: `mmm.data` checks the data of that too.
    """
    if isinstance(source, Mapping):
        return _checked(Document(dict(source)), Path(), "")
    path = Path(source)
    return _checked(read_document(path), path.resolve().parent, path.name)


def _checked(document: Document, folder: Path, name: str) -> Study:
    problems = list(document.problems)
    if "folder" in document.tree:
        problems.append(
            f"{document.where(('folder',))}: unknown key 'folder': the folder of the file counts, remove it"
        )
    tree, wrong = with_scenarios(document.tree, folder)
    document, problems = replace(document, tree=tree), problems + wrong
    study, found = validate(Study, document, {"folder": folder}) if not document.problems else (None, [])
    if problems + found or study is None:
        raise StudyError(problems + found, name, usable=study)
    return study
