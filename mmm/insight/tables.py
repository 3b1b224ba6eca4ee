"""What goes into the run folder? The fit as tables, one function a file, each a DataFrame with the columns of the
contract.

    channels_table(fit)       -> tables/channels.csv        contribution_table(fit) -> tables/contribution.csv
    total_table(fit)          -> tables/total.csv
    curves_table(fit)         -> tables/curves.csv          fit_table(fit)          -> tables/fit.csv
    checks_table(fit)         -> tables/checks.csv

`p05` to `p95` is the 90 % credible interval, over posterior draws.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from mmm.insight.check import check as checks_table
from mmm.insight.contribution import contribution, decompose
from mmm.insight.curves import response_curves
from mmm.insight.predictive import predictive
from mmm.insight.returns import half_life, mroi, roi
from mmm.model.fit import panel_of, study_of
from mmm.study import INTERVAL

__all__ = ["channels_table", "checks_table", "contribution_table", "curves_table", "fit_table", "total_table"]

ALL_GEOS = "all"


def channels_table(fit: xr.DataTree) -> pd.DataFrame:
    """One row a channel x geo x metric: spend, contribution, contribution_share, roi, mroi, half_life."""
    panel = panel_of(fit)
    currency = study_of(fit).currency
    inside = panel["in_window"]
    spend = panel["spend"].where(inside, 0.0).sum("time").where(panel["paid"])
    kpi = panel["kpi"].where(inside, 0.0).fillna(0.0).sum("time")
    parts = contribution(fit)
    total, total_kpi = parts.sum("geo"), kpi.sum("geo")
    metrics = [
        (
            "spend",
            currency,
            spend.expand_dims(chain=1, draw=1),
            spend.sum("geo", min_count=1).expand_dims(chain=1, draw=1),
        ),
        ("contribution", "KPI units", parts, total),
        ("contribution_share", "share of KPI", parts / kpi, total / total_kpi),
        ("roi", f"{currency} per {currency}", roi(fit, by_geo=True), roi(fit)),
        ("mroi", f"{currency} per {currency}", mroi(fit, by_geo=True), mroi(fit)),
        ("half_life", "periods", None, half_life(fit)),
    ]
    frames = []
    for metric, unit, by_geo, overall in metrics:
        frames.append(_summary(overall.expand_dims(geo=[ALL_GEOS]), metric, unit))
        if by_geo is not None and panel.sizes["geo"] > 1:
            frames.append(_summary(by_geo, metric, unit))
    table = pd.concat(frames, ignore_index=True).dropna(subset="mean")
    order = {str(name): index for index, name in enumerate(panel["channel"].values)}
    return table.sort_values("channel", key=lambda names: names.map(order), kind="stable").reset_index(drop=True)


def total_table(fit: xr.DataTree) -> pd.DataFrame:
    """All paid channels together, summed draw by draw: contribution, contribution_share, roi and mroi."""
    panel = panel_of(fit)
    currency, inside = study_of(fit).currency, panel["in_window"]
    paid = panel["channel"].values[panel["paid"].values.astype(bool)]
    spend = panel["spend"].where(inside, 0.0).sum(["time", "geo"]).sel(channel=paid)
    parts = contribution(fit).sum("geo").sel(channel=paid).sum("channel")
    metrics = [
        ("contribution", "KPI units", parts),
        ("contribution_share", "share of KPI", parts / panel["kpi"].where(inside).sum()),
        ("roi", f"{currency} per {currency}", (roi(fit).fillna(0.0) * spend).sum("channel") / spend.sum()),
        ("mroi", f"{currency} per {currency}", (mroi(fit).fillna(0.0) * spend).sum("channel") / spend.sum()),
    ]
    rows = [_summary(values.expand_dims(channel=["all"], geo=[ALL_GEOS]), name, unit) for name, unit, values in metrics]
    return pd.concat(rows, ignore_index=True)[["metric", "unit", "mean", "median", "p05", "p95"]]


def contribution_table(fit: xr.DataTree) -> pd.DataFrame:
    """KPI by period, geo and component: mean, p05 and p95; geo `all` is the total."""
    parts = decompose(fit)
    frames = [_long(parts, ["time", "geo", "component"])]
    if parts.sizes["geo"] > 1:
        frames.insert(0, _long(decompose(fit, total=True), ["time", "geo", "component"]))
    else:
        frames[0]["geo"] = ALL_GEOS
    return pd.concat(frames, ignore_index=True)


def curves_table(fit: xr.DataTree) -> pd.DataFrame:
    """Contribution (KPI units) of every paid channel, its whole window's exposure times 0 to 2."""
    curves = response_curves(fit, by_geo=True, as_value=False)
    panel = panel_of(fit)
    spend = panel["spend"].where(panel["in_window"], 0.0).sum("time").sel(channel=curves["channel"])
    frames = [_curve(curves.sum("geo").expand_dims(geo=[ALL_GEOS]), spend.sum("geo").expand_dims(geo=[ALL_GEOS]))]
    if panel.sizes["geo"] > 1:
        frames.append(_curve(curves, spend))
    return pd.concat(frames, ignore_index=True)


def fit_table(fit: xr.DataTree) -> pd.DataFrame:
    """Actual and expected KPI by period and geo, with the predictive interval (noise included); geo `all` is the
    total."""
    expected, predicted = predictive(fit)
    panel = panel_of(fit)
    panel = panel.sel(time=panel["in_window"])
    actual = panel["kpi"].transpose("geo", "time")
    return fit_rows(actual, expected, predicted).assign(split="train")


def fit_rows(actual: xr.DataArray, expected: xr.DataArray, predicted: xr.DataArray) -> pd.DataFrame:
    """`time, geo, actual, expected, p05, p95`: the total as geo `all`, then every geo where there are several."""
    parts = (actual, expected, predicted)
    total = _fit_rows(*(part.sum("geo", skipna=False).expand_dims(geo=[ALL_GEOS]) for part in parts))
    return pd.concat([total, _fit_rows(*parts)], ignore_index=True) if actual.sizes["geo"] > 1 else total


def _summary(values: xr.DataArray, metric: str, unit: str) -> pd.DataFrame:
    over = [name for name in ("chain", "draw") if name in values.dims]
    stacked = values.stack(sample=over, create_index=False).transpose(..., "sample")
    low, median, high = np.quantile(stacked.to_numpy(), [INTERVAL[0], 0.5, INTERVAL[1]], axis=-1)
    frame = stacked.mean("sample").to_dataframe(name="mean").reset_index()[[*stacked.dims[:-1], "mean"]]
    summary = frame.assign(metric=metric, unit=unit, median=median.ravel(), p05=low.ravel(), p95=high.ravel())
    return summary[["channel", "geo", "metric", "unit", "mean", "median", "p05", "p95"]]


def _long(parts: xr.Dataset, order: list[str]) -> pd.DataFrame:
    return parts.to_dataframe(dim_order=order).reset_index()[[*order, "mean", "p05", "p95"]]


def _curve(curves: xr.DataArray, spend: xr.DataArray) -> pd.DataFrame:
    low, high = np.quantile(curves, INTERVAL, axis=curves.get_axis_num("sample"))
    mean = curves.mean("sample")
    parts = xr.Dataset(
        {"spend": spend * curves["multiple"], "mean": mean, "p05": (mean.dims, low), "p95": (mean.dims, high)}
    )
    table = parts.to_dataframe(dim_order=["channel", "geo", "multiple"]).reset_index()
    return table.rename(columns={"multiple": "spend_multiple"})[
        ["channel", "geo", "spend_multiple", "spend", "mean", "p05", "p95"]
    ]


def _fit_rows(actual: xr.DataArray, expected: xr.DataArray, predicted: xr.DataArray) -> pd.DataFrame:
    predicted = predicted.transpose("sample", "geo", "time")
    low, high = np.quantile(predicted, INTERVAL, axis=0)
    dims = ("geo", "time")
    columns = {
        "actual": actual.transpose(*dims),
        "expected": expected.mean("sample").transpose(*dims),
        "p05": (dims, low),
        "p95": (dims, high),
    }
    table = xr.Dataset(columns).to_dataframe(dim_order=["time", "geo"]).reset_index()
    return table[["time", "geo", "actual", "expected", "p05", "p95"]]
