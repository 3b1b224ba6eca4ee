"""Which cells of a column are not the number they should be, and where exactly do they stand?

A cell is *missing*, *text*, *infinite* or, where the column's meaning forbids it, *negative*. Each kind becomes one
sentence that names the cells by line, date and geo, and says what to do. Nothing is filled or coerced: a zero that
somebody meant and a hole that somebody left look alike only until they are treated alike.

A new meaning of a column is a new entry in `MAY_BE_NEGATIVE` (or not) and, if it needs its own advice, in `REMEDIES`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from mmm.errors import listing

MAY_BE_NEGATIVE = frozenset({"controls", "treatments", "lift"})

NEVER_ZERO = frozenset({"population"})

BLANKS = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "-", "?"})

REMEDIES = {
    "missing": "write the value, 0 where it truly was zero; the last periods can be left out with data.window.end",
    "text": "write a plain number with a decimal point, without currency, percent or thousands separators",
    "infinite": "it usually comes from a division by zero: write the value, or 0",
    "zero": "it is divided by: write the true number",
    "negative": "it cannot be below zero: put credits and refunds into the period they belong to",
}

WITH_COMMA = re.compile(r"[+-]?\d+,\d+")
WITH_POINT = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?")
THOUSANDS = re.compile(r"[+-]?\d{1,3},\d{3}")

Rows = Bool[np.ndarray, " row"]
Locate = Callable[[int], str]


def read_numbers(
    values: pd.Series, role: str, decimal: str, locate: Locate
) -> tuple[Float[np.ndarray, " row"], list[str]]:
    """A column as float64 with NaN where it is no number, and one sentence a kind of fault.

    `role` is the place in the study (`channels.tv.spend`, `controls[0]`), `decimal` the decimal sign of text cells,
    `locate(row)` the place of a row in words.
    """
    numbers, blank = _floats(values, decimal)
    text = np.isnan(numbers) & ~blank
    negative = (numbers < 0) & np.isfinite(numbers) & (re.split(r"[.\[]", role)[0] not in MAY_BE_NEGATIVE)
    zero = (numbers == 0) & (role in NEVER_ZERO)
    faults = {"missing": blank, "text": text, "infinite": np.isinf(numbers), "negative": negative, "zero": zero}
    if not any(found.any() for found in faults.values()):
        return numbers, []
    if _is_categories(values, role, text, blank):
        return numbers, [_categories_problem(values, role)]
    return numbers, [_sentence(values, role, kind, found, locate) for kind, found in faults.items() if found.any()]


def _floats(values: pd.Series, decimal: str) -> tuple[Float[np.ndarray, " row"], Rows]:
    """Each cell as a float (NaN where it is none), and whether it is blank."""
    if pd.api.types.is_numeric_dtype(values.dtype):
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        return numbers, np.isnan(numbers)
    if decimal == "." and (plain := _plain_floats(values)) is not None:
        return plain, np.zeros(len(plain), dtype=bool)
    texts = ["" if cell is None or cell != cell else str(cell).strip() for cell in values]
    blank = np.array([text.lower() in BLANKS for text in texts], dtype=bool)
    if decimal == ",":
        texts = [text.replace(",", ".") if WITH_COMMA.fullmatch(text) else text for text in texts]
    return np.array(
        [np.nan if empty else _float(text) for text, empty in zip(texts, blank, strict=True)], dtype=np.float64
    ), blank


def _plain_floats(values: pd.Series) -> Float[np.ndarray, " row"] | None:
    """The fast way for the usual column, which holds numbers and nothing else; `None` where a cell needs a look."""
    try:
        numbers = values.to_numpy(dtype=object).astype(np.float64)
    except (TypeError, ValueError):
        return None
    odd = not np.isfinite(numbers).all() or values.astype("str").str.contains("_", regex=False).any()
    return None if odd else numbers


def _float(text: str) -> float:
    if "_" in text:  # Python reads 1_000 as a number; no export means that
        return np.nan
    try:
        return float(text)
    except ValueError:
        return np.nan


def _is_categories(values: pd.Series, role: str, text: Rows, blank: Rows) -> bool:
    """Whether a lever holds words in place of numbers, such as the names of events."""
    words = values[text].nunique()
    return role[:7] in ("control", "treatme") and 0 < words <= 20 and bool((text | blank).mean() > 0.5)


def _categories_problem(values: pd.Series, role: str) -> str:
    """Words in place of numbers need one 0/1 column each."""
    words = sorted(
        {str(value) for value in values if np.isnan(_float(str(value)))},
        key=lambda word: (word.lower() in BLANKS, word),
    )
    column = re.sub(r"\W+", "_", f"{values.name}_{words[0]}")
    shown = listing([repr(word) for word in words], 5)
    return (
        f"`{values.name}` ({role}) holds words ({shown}), not numbers: add one column of 0 and 1 for each, for example "
        f"`{column}`, and name those; or leave it out of the study"
    )


def _sentence(values: pd.Series, role: str, kind: str, found: Rows, locate: Locate) -> str:
    rows = np.flatnonzero(found)
    cells = [
        f"{locate(int(values.index[row]))}" + (f": {str(values.iloc[row])!r}" if kind != "missing" else "")
        for row in rows[:11]
    ]
    places = listing(cells + [""] * (len(rows) - len(cells)))
    times = "once" if len(rows) == 1 else f"{len(rows)} of {len(values)} times"
    return f"`{values.name}` ({role}) is {kind} {times}, at {places}: {REMEDIES[kind]}"


def decimal_sign(columns: Iterable[pd.Series], separator: str) -> tuple[str, list[str]]:
    """`.` or `,`: a comma is decimal only where it cannot be anything else; a problem where it could be both."""
    if separator == ",":
        return ".", []
    cells = [
        str(cell).strip()
        for column in columns
        if not pd.api.types.is_numeric_dtype(column.dtype)
        for cell in column.dropna()
    ]
    commas = [cell for cell in cells if WITH_COMMA.fullmatch(cell)]
    if not commas:
        return ".", []
    points = [cell for cell in cells if WITH_POINT.fullmatch(cell)]
    if points:
        return ".", [
            f"numbers are written with a decimal comma ({commas[0]}) and with a point ({points[0]}): use the "
            "point everywhere"
        ]
    if all(THOUSANDS.fullmatch(cell) for cell in commas):
        return ".", [
            f"numbers such as {commas[0]} may have a decimal comma or a thousands separator: write them with a "
            "decimal point and neither"
        ]
    return ",", []
