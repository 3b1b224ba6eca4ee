"""How large an effect should the test expect, and how long does it go on? What the mix model's posterior says.

    expected = expect(fit, "tv", ["north", "east"], multiple=0.0, periods=4)
    expected.lift          # draws, share of the treated geos' KPI over the measured periods
    expected.cooldown      # periods after the end until nine tenths of the effect have arrived
    expected.profile       # the effect by period: it builds up, and fades after the end

In both worlds the treated geos get the channel's mean exposure over the test's periods, in one of them times
`multiple`; the difference in expected KPI runs through carryover and saturation, draw by draw. The mix model is what
the experiment is there to check: the expectation says how large a test to plan, and enters no estimate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Float

from mmm.errors import InputError, closest

SAMPLES = 400
ARRIVED = 0.9
LONGEST_TAIL = 13


@dataclass(frozen=True)
class Expected:
    """What the model expects of a test: `effect` in KPI units by draw and period, from the start on."""

    effect: Float[np.ndarray, "sample period"]
    kpi: float
    periods: int

    @property
    def cooldown(self) -> int:
        """Periods after the test until `ARRIVED` of the effect, in the mean, has come; 0 where nothing carries over."""
        mean = np.abs(self.effect.mean(0))
        share = np.cumsum(mean) / max(mean.sum(), np.finfo(float).tiny)
        return max(0, int(np.argmax(share >= ARRIVED)) + 1 - self.periods)

    def profile(self, measured: int) -> Float[np.ndarray, " measured"]:
        """The effect's shape over the measured periods, with mean 1; flat where no effect is expected."""
        mean = self.effect.mean(0)[:measured]
        return mean / mean.mean() if abs(mean.mean()) > 0 else np.ones(measured)

    def lift(self, measured: int) -> Float[np.ndarray, " sample"]:
        """Draws of the lift over the measured periods, as a share of what would have been sold."""
        return self.effect[:, :measured].sum(1) / (self.kpi * measured)


def expect(fit: xr.DataTree, channel: str, geos: Sequence[str], multiple: float, periods: int) -> Expected:
    """The effect on `geos` of spending `multiple` times the channel's mean over `periods` periods, and afterwards.

    Raises `InputError` where the fit has no such channel or geo, or too short a past to place the test and its tail.
    """
    effect = effect_by_geo(fit, channel, geos, multiple, periods).sum("geo")
    panel = fit["panel"].to_dataset()
    kpi = panel["kpi"].where(panel["geo"].isin(list(geos)), 0.0).sum("geo").where(panel["in_window"])
    return Expected(np.asarray(effect.values, dtype=float), float(kpi.mean()), periods)


def effect_by_geo(
    fit: xr.DataTree, channel: str, geos: Sequence[str], multiple: float, periods: int, samples: int = SAMPLES
) -> xr.DataArray:
    """The same for each geo, `sample geo period`, KPI units, from the start to `LONGEST_TAIL` periods after the end.

    No geo's effect reaches another, so that the geos of a smaller test are a selection of those of a larger one.
    """
    from mmm import insight

    panel = fit["panel"].to_dataset()
    known = {name: [str(value) for value in panel[name].values] for name in ("channel", "geo")}
    problems = [f"there is no channel {channel!r} in the fit: {closest(channel, known['channel'])}"] * (
        channel not in known["channel"]
    )
    problems += [
        f"there is no geo {name!r} in the fit: {closest(name, known['geo'])}"
        for name in geos
        if name not in known["geo"]
    ]
    start = panel.sizes["time"] - periods - LONGEST_TAIL
    if start < 0:
        problems.append(f"the fit has {panel.sizes['time']} periods: {periods + LONGEST_TAIL} are needed")
    if problems:
        raise InputError(problems, "what the mix model expects of the test")
    days, treated = panel["time"], panel["geo"].isin(list(geos))
    during = (days >= days[start]) & (days < days[start + periods])
    tested = treated & during & (panel["channel"] == channel)
    usual = panel["exposure"].where(panel["in_window"]).mean("time")
    tried, untried = (xr.where(tested, share * usual, panel["exposure"]) for share in (multiple, 1.0))
    difference = insight.contrast(fit, tried, untried, samples=samples)
    return difference.sel(geo=list(geos)).isel(time=slice(start, None)).transpose("sample", "geo", "time")
