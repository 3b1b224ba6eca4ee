"""What should one know about the data before believing a model of them?

    found = review(panel)
    found.worst                 # "info", "caution" or "fail"
    found.findings_table()      # one row a finding

`load_panel` refuses what is wrong; the review tells what is weak. It runs every function of `mmm.data.checks` on a
panel and gathers their findings with a short summary, as JSON for machines and as one self-contained page for people.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from mmm.data.checks import CHECKS, Ask, Finding, Severity

SEVERITIES: tuple[Severity, ...] = ("fail", "caution", "info")


@dataclass(frozen=True)
class Review:
    """What the checks found, gravest first, and what the panel holds."""

    summary: dict[str, Any]
    channels: tuple[dict[str, Any], ...]
    findings: tuple[Finding, ...]

    @property
    def worst(self) -> Severity:
        """The gravest severity among the findings; `info` if there are none."""
        return next((level for level in SEVERITIES if any(f.severity == level for f in self.findings)), "info")

    def findings_table(self) -> pd.DataFrame:
        """One row a finding: `check, subject, severity, statistic, message`."""
        columns = [field.name for field in dataclasses.fields(Finding)]
        return pd.DataFrame([dataclasses.asdict(finding) for finding in self.findings], columns=columns)

    def _repr_html_(self) -> str:
        from mmm.shown import table

        rows = [(found.severity, found.check, found.subject, found.message) for found in self.findings]
        return table(["Severity", "Check", "Subject", "What was found"], rows, f"Data review: {self.worst}")

    def to_json(self) -> str:
        """The whole review as JSON, with a line break at its end."""
        content = {
            "worst": self.worst,
            "summary": self.summary,
            "channels": list(self.channels),
            "findings": [dataclasses.asdict(finding) for finding in self.findings],
        }
        return json.dumps(content, indent=1) + "\n"

    def to_html(self, locale: str = "en-GB") -> str:
        """The whole review as one page in the language of `locale`, which needs no other file and no network."""
        from mmm.data.review_page import page

        return page(self, locale)


def review(panel: xr.DataTree) -> Review:
    """Every check on the panel of `load_panel`."""
    data = panel["panel"].to_dataset()
    ask = _ask(panel, data)
    found = [finding for check in CHECKS for finding in check(data, ask)]
    return with_findings(Review(_summary(panel, data), tuple(_channels(data)), ()), found)


def with_findings(found: Review, more: Iterable[Finding]) -> Review:
    """The review with further findings among its own, gravest first: what others have to say about the same data."""
    findings = [*found.findings, *(_rounded(finding) for finding in more)]
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return dataclasses.replace(found, findings=tuple(findings))


def _rounded(finding: Finding) -> Finding:
    return dataclasses.replace(finding, statistic=float(f"{finding.statistic:.4g}"))


def _ask(panel: xr.DataTree, data: xr.Dataset) -> Ask:
    """A rough count of what the model must learn: four numbers a channel, the levers, the season, the trend."""
    study = json.loads(panel.attrs["study"])
    order = study["model"]["seasonality"]["order"]
    per_year = float(panel.attrs["periods_per_year"])
    waves = (4 if per_year > 12 else 2) if order == "auto" else int(order)
    bends = 2 if study["model"]["trend"]["kind"] == "none" else 2 + int(data.sizes["time"] / per_year)
    count = 4 * data.sizes["channel"] + data.sizes.get("control", 0) + data.sizes.get("treatment", 0)
    return Ask(per_year, order == "auto" or waves > 0, count + 2 * waves + bends + data.sizes["geo"] - 1)


def _summary(panel: xr.DataTree, data: xr.Dataset) -> dict[str, Any]:
    return {
        "first_period": str(data.time.values[0])[:16].removesuffix("T00:00"),
        "last_period": str(data.time.values[-1])[:16].removesuffix("T00:00"),
        "frequency": panel.attrs["frequency"],
        "periods": data.sizes["time"],
        "periods_in_window": int(data.in_window.sum()),
        "geos": data.sizes["geo"],
        "channels": int(data.paid.sum()),
        "kpi_units": data.kpi.attrs["units"],
        "kpi_total": float(data.kpi.sum()),
        "currency": data.spend.attrs["units"],
        "spend_total": float(data.spend.sum()),
        "data_hash": panel.attrs["data_hash"],
        "notes": [note for note in panel.attrs["notes"].split("\n") if note],
    }


def _channels(data: xr.Dataset) -> list[dict[str, Any]]:
    """One line a channel: what was spent, its share, and in how many periods it ran."""
    total = float(data.spend.sum()) or 1.0
    rows = []
    for name in data.channel.values:
        one = data.sel(channel=name)
        running = (one.exposure > 0).any("geo").to_numpy()
        rows.append(
            {
                "channel": str(name),
                "paid": bool(one.paid),
                "spend": float(one.spend.sum()),
                "share": float(one.spend.sum()) / total,
                "periods_on": int(running.sum()),
                "exposure_unit": str(one.exposure_unit.values),
                "sparkline": sparkline(one.exposure.sum("geo").to_numpy()),
            }
        )
    return rows


def sparkline(values: np.ndarray, width: int = 220, height: int = 28) -> str:
    """The points of an SVG polyline of a series, at most one a pixel."""
    step = max(1, len(values) // width)
    thin = values[: len(values) // step * step].reshape(-1, step).mean(axis=1)
    top = thin.max() or 1.0
    across = np.linspace(0, width, len(thin))
    return " ".join(f"{x:.1f},{height - height * y / top:.1f}" for x, y in zip(across, thin, strict=True))
