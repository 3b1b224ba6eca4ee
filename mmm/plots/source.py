"""Where does a plot's table come from? From a fit, a run folder, or the caller's hands.

    table(fit, "curves")        # mmm.insight.tables.curves_table(fit)
    table(run, "curves")        # run/tables/curves.csv
    table(frame, "curves")      # the frame itself

A fit and a run folder also know their units (`units`) and the study's order of channels (`channels`), which fixes the
colours; a bare frame knows neither, and its plots say "KPI" and write no currency unless they are told.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
import yaml

from mmm.files import read_table
from mmm.speech import capitalised, message, spoken_locale, within, word
from mmm.study import InputError
from mmm.study_brand import Brand, kept
from mmm.study_plan import Finance

Source = pd.DataFrame | xr.DataTree | Path | str

NOT_MEDIA = ("baseline", "intercept", "trend", "seasonality", "events", "controls", "treatments", "interaction")
"""Components of a decomposition that are no channels."""

FROM_FIT = ("channels", "contribution", "curves", "fit", "checks")
"""The tables that a fit alone can give."""

PERIODS = {
    message("hour"): 1 / 24,
    message("day"): 1.0,
    message("week"): 7.0,
    message("month"): 30.4,
    message("quarter"): 91.3,
    message("year"): 365.25,
}


@dataclass(frozen=True)
class Units:
    """What the numbers are: `currency` of spend, name and unit of the KPI, and whether the KPI is worth money.

    `worth` is what a gain or a return is counted in: money, or KPI units where nobody says what one is worth.
    `finance` has the study's margin.
    """

    currency: str = ""
    kpi_name: str = "KPI"
    kpi_unit: str = ""
    valued: bool = True
    finance: Finance = field(default_factory=Finance)

    @property
    def kpi_in_text(self) -> str:
        """The KPI's name within a sentence: `revenue`, but `KPI`."""
        return within(self.kpi_name, spoken_locale())

    @property
    def worth(self) -> str:
        return self.currency if self.valued else self.kpi_unit

    @property
    def break_even(self) -> float:
        """The return at which a unit of money earns itself back: one over the study's margin, or 1."""
        return self.finance.paying_return

    @property
    def profitable(self) -> bool:
        """Whether it is known what a gain leaves as profit."""
        return self.valued and self.finance.margin is not None


def table(source: Source, name: str) -> pd.DataFrame:
    """The table `name` of the run folder's tables, from wherever `source` has it.

    Raises `InputError` when a run folder has no such table, with the ones it has.
    """
    if isinstance(source, pd.DataFrame):
        return source
    if isinstance(source, xr.DataTree):
        from mmm.insight import tables

        return getattr(tables, f"{name}_table")(source)
    folder = Path(source) / "tables"
    path = folder / f"{name}.csv"
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in folder.glob("*.csv"))) or "none"
        raise InputError(
            [f"there is no table {name!r}; the run has: {there}. Run the stage that writes it first"], str(folder)
        )
    return read_table(path)


def beside(source: Source, name: str) -> pd.DataFrame | None:
    """A second table of the same fit or run; `None` beside a bare frame, and where the run has no such table."""
    if isinstance(source, pd.DataFrame) or (isinstance(source, xr.DataTree) and name not in FROM_FIT):
        return None
    if isinstance(source, Path | str) and not (Path(source) / "tables" / f"{name}.csv").is_file():
        return None
    return table(source, name)


def units(source: Source) -> Units:
    """The units of a fit's or a run folder's numbers; plain ones for a bare frame."""
    study = _study(source)
    if not study:
        return Units(kpi_name=word("KPI"))
    kpi, finance = study["data"]["kpi"], Finance.model_validate((study.get("plan") or {}).get("finance") or {})
    if kpi.get("kind", "revenue") == "revenue":
        return Units(study["currency"], word("Revenue"), study["currency"], finance=finance)
    name = str(kpi["column"]).replace("_", " ").strip()
    valued = kpi.get("value_per_kpi", 1.0) != 1.0
    return Units(study["currency"], capitalised(name), "", valued=valued, finance=finance)


def locale(source: object) -> str | None:
    """The locale of the source's study; None where it knows none."""
    study = _study(source) if isinstance(source, xr.DataTree | Path | str) else {}
    return (study.get("report") or {}).get("locale")


def brand(source: object) -> Brand | None:
    """The brand that a run folder keeps; None for anything else."""
    return kept(Path(source)) if isinstance(source, Path | str) else None


def channels(source: Source, fallback: pd.Series | list[str]) -> list[str]:
    """Every channel in the study's order, paid first; `fallback`'s order where the study is not known."""
    study = _study(source)
    known = [*study.get("data", {}).get("channels", {}), *(study.get("data", {}).get("organic") or {})]
    return known or [name for name in dict.fromkeys(fallback) if name not in NOT_MEDIA]


def total(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the whole study: `geo` "all" where there are such rows, else every row."""
    everywhere = frame["geo"].astype(str) == "all" if "geo" in frame else None
    return frame if everywhere is None or not everywhere.any() else frame[everywhere]


def period(time: pd.Series) -> str:
    """What one step of `time` is called: "week" for weekly data."""
    days = np.diff(np.unique(pd.to_datetime(time).to_numpy())) / np.timedelta64(1, "D")
    if not len(days):
        return word("period")
    step = float(np.median(days))
    return word(min(PERIODS, key=lambda name: abs(np.log(PERIODS[name] / step))))


def _study(source: Source) -> dict[str, Any]:
    if isinstance(source, pd.DataFrame):
        return {}
    if isinstance(source, xr.DataTree):
        return dict(json.loads(source.attrs["study"]))
    path = Path(source) / "study.yaml"
    return dict(yaml.safe_load(path.read_text(encoding="utf-8"))) if path.is_file() else {}
