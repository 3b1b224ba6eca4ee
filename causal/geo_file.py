"""How does a file become the table that geo experiments are designed and analysed on? A row a geo and period.

    panel = read_geo_file("sales.csv", geo="region", time="date", kpi="sales", spend="tv_spend")

What comes back is a long frame with the columns `geo, time, kpi` (and `spend`), which every estimator and
`causal.design.design` take as it is. CSV, Excel and Parquet are read as the rest of the library reads them, and every
problem of the file is listed at once. Rows that a file leaves out are gaps, unless `absent_is_zero` says that a day
without a row is a day without sales.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mmm.data.dates import parse_dates
from mmm.data.ingest import read_file
from mmm.data.numbers import decimal_sign, read_numbers
from mmm.errors import InputError, closest


def read_geo_file(
    path: Path | str,
    *,
    geo: str = "geo",
    time: str = "time",
    kpi: str = "kpi",
    spend: str | None = None,
    absent_is_zero: bool = False,
) -> pd.DataFrame:
    """The file as a long frame, sorted by geo and time. `spend` is the channel's money by row.

    Raises `InputError` with every problem: columns that are missing, dates and numbers that cannot be read.
    """
    source = read_file(Path(path))
    wanted = {"geo": geo, "time": time, "kpi": kpi} | ({"spend": spend} if spend else {})
    known = [str(name) for name in source.frame]
    missing = [f"there is no column {name!r} ({role}): {closest(name, known)}" for role, name in wanted.items()
               if name not in known]  # fmt: skip
    if missing:
        raise InputError(missing, Path(path).name)
    days, problems = parse_dates(source.frame[time], source.where)
    frame = pd.DataFrame({"geo": source.frame[geo].astype(str), "time": days})
    numbers = [name for name in ("kpi", "spend") if name in wanted]
    decimal, found = decimal_sign([source.frame[wanted[name]] for name in numbers], source.separator)
    problems = [*problems, *found]
    for name in numbers:
        frame[name], found = read_numbers(source.frame[wanted[name]], name, decimal, source.where)
        problems += found
    if problems:
        raise InputError(problems, Path(path).name)
    if absent_is_zero:
        cells = pd.MultiIndex.from_product([frame["geo"].unique(), frame["time"].unique()], names=["geo", "time"])
        frame = frame.set_index(["geo", "time"]).reindex(cells, fill_value=0.0).reset_index()
    return frame.sort_values(["geo", "time"], ignore_index=True)
