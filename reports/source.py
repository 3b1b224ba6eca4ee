"""What may a document know? What lies in the run folder, and nothing else.

`read(run)` gives the study, the manifest and the tables of one run as a frozen `Source`. A table that a run may lack
(no plan was made, no validation was run) is empty, and the page that would show it says what was not run. Everything
a report says is computed from a `Source`, so that two folders with the same content make the same documents.

To let a document know more, write another table into the run folder and name it in `OPTIONAL`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from mmm.errors import InputError
from mmm.files import FORMULA_STARTS
from mmm.run import read_manifest
from mmm.speech import speaking, word
from mmm.study import Study
from mmm.study_brand import Brand, kept
from reports.language import Language

ALL = "all"
"""The geo that stands for the total of all geos."""

REQUIRED = ("channels", "contribution", "curves", "fit", "checks")
OPTIONAL = (
    "verdicts",
    "causal",
    "graph",
    "cards",
    "experiments",
    "allocation",
    "scenarios",
    "allocation_quality",
    "plan_summary",
    "finance",
    "review",
    "backtest",
    "total",
    "plan_curves",
    "changes",
    "learning",
    "frontier",
    "flighting",
    "allocation_geo",
    "frequency",
    "plan_draws",
    "replay",
)


@dataclass(frozen=True)
class Source:
    """One run as its folder tells it; `tables` has every name of `REQUIRED` and `OPTIONAL`, empty where absent."""

    study: Study
    manifest: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    brand: Brand | None = None

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.tables[name]

    def has(self, name: str) -> bool:
        """Whether the run holds this table with at least one row."""
        return not self.tables[name].empty


def read(run: Path) -> Source:
    """The run at `run`; raises `InputError` that names every missing file and the command that makes it."""
    manifest = read_manifest(run)
    required = [run / "study.yaml", *(run / "tables" / f"{name}.csv" for name in REQUIRED)]
    missing = [path.relative_to(run).as_posix() for path in required if not path.exists()]
    if missing:
        raise InputError(
            [f"{name} is missing: fit the study first with `mmm fit`" for name in missing], run.resolve().name
        )
    study = Study.model_validate(yaml.safe_load((run / "study.yaml").read_text(encoding="utf-8")))
    tables = {name: _table(run / "tables" / f"{name}.csv") for name in (*REQUIRED, *OPTIONAL)}
    return Source(study, manifest, tables, kept(run))


def _table(path: Path) -> pd.DataFrame:
    """A table with text as text: a channel called `NA` or `1` keeps its name."""
    if not path.exists() or not path.stat().st_size:
        return pd.DataFrame()
    texts = (
        "channel",
        "geo",
        "component",
        "scenario",
        "subject",
        "metric",
        "unit",
        "check",
        "gate",
        "label",
        "key",
        "value",
        "like",
        "experiment",
        "other",
    )
    head = pd.read_csv(path, nrows=0).columns
    types = {name: "str" for name in head if name in texts}
    table = pd.read_csv(path, dtype=types, keep_default_na=False, na_values=["", "nan", "NaN"])
    return table.assign(**{name: table[name].map(_armed, na_action="ignore") for name in types})


def _armed(text: str) -> str:
    """A name as it was before `mmm.files.write_table` disarmed it for spreadsheets."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_STARTS) else text


def language(source: Source) -> Language:
    """The language of the run's documents: its locale, its currency, and what its KPI and periods are called."""
    data = source.study.data
    kpi = data.kpi
    locale = source.study.report.locale
    with speaking(locale):
        outcome = word("revenue") if kpi.kind == "revenue" else kpi.column.replace("_", " ")
        worth = word("{one} value", one=outcome.removesuffix("s"), many=outcome)
        named = worth if kpi.valued and kpi.kind == "count" else outcome
        the_kpi = word("the revenue") if kpi.kind == "revenue" else word("the {kpi}", kpi=named)
        period = word(_period(source["fit"]))
    return Language(
        locale=locale,
        currency=source.study.currency,
        valued=kpi.valued,
        kpi=named,
        the_kpi=the_kpi,
        outcome=outcome,
        period=period,
        columns=(*data.channels, *data.organic, *data.treatments, *data.controls),
    )


def _period(fit: pd.DataFrame) -> str:
    """The word for one period, from the distance between the first two."""
    times = pd.to_datetime(fit["time"]).drop_duplicates().sort_values()
    days = (times.diff().median() / pd.Timedelta(days=1)) if len(times) > 1 else 7
    words = {0.9: "hour", 6: "day", 27: "week", 89: "month", 360: "quarter"}  # messages of `mmm.plots.source.PERIODS`
    return next((word for limit, word in words.items() if days <= limit), "year")


def geos(source: Source) -> int:
    """How many geos were modelled."""
    return max(len(set(source["fit"]["geo"]) - {ALL}), 1)


def times(source: Source) -> list[str]:
    """The periods that were modelled, in order, as ISO dates."""
    return sorted({str(time)[:10] for time in source["fit"]["time"]})


def of_all_geos(table: pd.DataFrame, sums: tuple[str, ...]) -> pd.DataFrame:
    """The rows for the total of all geos (geo `all`); a table without them is summed over its geos.

    Only money, counts and means may be summed, so `sums` names the columns that are kept then.
    """
    if "geo" not in table.columns:
        return table
    if (table["geo"] == ALL).any():
        return table[table["geo"] == ALL]
    keys = [name for name in table.columns if name not in ("geo", *sums) and table[name].dtype.kind not in "fiub"]
    return table.groupby(keys, as_index=False, sort=False)[list(sums)].sum()
