"""What may the budget be, and what is reported? The `plan` and `report` sections of `study.yaml`, with their defaults.

Bounds, groups and scenarios speak in multiples of the reference spend; `mmm.study` checks that the channels they
name exist.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PositiveFloat, PositiveInt, model_validator

from mmm.study_types import Day, Key, Name, Part


class Horizon(Part):
    """The periods a plan decides. Without a `start` it begins where the data end."""

    start: Day | None = None
    periods: PositiveInt = 13


class Target(Part):
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


class Group(Part):
    """Channels whose shares of the budget are limited together."""

    channels: tuple[Key, ...] = Field(min_length=1)
    min_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    max_share: Annotated[float, Field(ge=0, le=1)] = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> Group:
        if self.min_share > self.max_share:
            raise ValueError(f"min_share {self.min_share} is greater than max_share {self.max_share}")
        return self


class Scenario(Part):
    """A budget of the user's own: spend multiples by channel; channels left out stay at 1."""

    name: Name
    multiples: dict[Key, Annotated[float, Field(ge=0)]]


class Finance(Part):
    """Turns KPI value into profit: contribution margin in 0..1, yearly discount rate."""

    margin: Annotated[float, Field(gt=0, le=1)] | None = None
    discount_rate: Annotated[float, Field(ge=0, lt=1)] = 0.08

    @property
    def paying_return(self) -> float:
        """The ROI at which money earns itself back: one over the margin, or 1 where none is given."""
        return 1.0 / self.margin if self.margin else 1.0

    def profit(self, value: float, spend: float) -> float:
        """What the margin on `value` leaves after `spend`; NaN where none is given."""
        return self.margin * value - spend if self.margin is not None else float("nan")


class Flighting(Part):
    """A calendar that decides every period by itself; `plan.flighting: true` takes it without further limits.

    `within` bounds each period in multiples of the channel's mean reference period, one pair for all channels or pairs
    by channel; without it a period goes from 0 to what was observed. From one period to the next a channel moves by at
    most `change` of its mean reference period. Below its `minimum`, in money, a channel is off air.
    """

    within: Bounds | dict[Key, Bounds] | None = None
    change: PositiveFloat | None = None
    minimum: dict[Key, Annotated[float, Field(ge=0)]] = Field(default={})

    @property
    def channels(self) -> tuple[str, ...]:
        """Every channel that is named."""
        return (*(self.within if isinstance(self.within, dict) else ()), *self.minimum)


def _switched(value: object) -> object:
    return {True: {}, False: None}[value] if isinstance(value, bool) else value


class Plan(Part):
    """What the budget may be. Bounds are multiples of the reference spend.

    `caution` is how many standard deviations of what a channel's move brings count against it; 0 believes the mean.
    It is lowered where at least the share `confidence` of joint draws gains all the same; 1 asks it of all of them.
    `scenarios` are budgets of the user's own, or the name of a CSV file that holds them (`mmm.study_scenarios`).
    `flighting` also decides each period, and `by_geo` the split over regions, each in a table of its own.
    """

    horizon: Literal["history"] | Horizon = Horizon()
    budget: Literal["same"] | PositiveFloat | Target = "same"
    bounds: dict[Key, Bounds] = Field(default={"default": (0.5, 1.5)})
    max_shift_unvalidated: Annotated[float, Field(ge=0, le=1)] = 0.1
    caution: Annotated[float, Field(ge=0)] = 0.5
    confidence: Annotated[float, Field(gt=0.5, le=1)] = 0.9
    groups: tuple[Group, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    flighting: Annotated[Flighting | None, BeforeValidator(_switched)] = None
    by_geo: bool = False
    finance: Finance = Finance()


class Report(Part):
    """Title, language, which documents to make (`slides` need the extra `mmm[pptx]`), and the `brand.yaml` of whose
    look they have."""

    title: str | None = None
    locale: Literal["en-GB", "fr-FR", "de-DE"] = "en-GB"
    templates: tuple[Literal["board", "budget", "slides"], ...] = ("board", "budget")
    brand: Key | None = None
