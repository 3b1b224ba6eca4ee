"""Which cells of a column are not the number they should be, and where exactly do they stand?

A cell is *missing*, *text*, *infinite* or, where the meaning of the column forbids it, *negative*. Each kind becomes one
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

MAY_BE_NEGATIVE = frozenset({"controls", "treatments"})

BLANKS = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "-", "?"})

REMEDIES = {
    "missing": "write the value (0 where it truly was zero), or leave the periods out with data.window",
    "text": "write a plain number with a decimal point, without currency, percent or thousands separators",
    "infinite": "it usually comes from a division by zero: write the value, or 0",
    "negative": "it cannot be below zero: put credits and refunds into the period they belong to",
}

WITH_COMMA = re.compile(r"[+-]?\d+,\d+")
WITH_POINT = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?")
THOUSANDS = re.compile(r"[+-]?\d{1,3},\d{3}")

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
    problem = _categories(values, role, text)
    if problem:
        return numbers, [problem]
    negative = (
        (numbers < 0) & np.isfinite(numbers)
        if re.split(r"[.\[]", role)[0] not in MAY_BE_NEGATIVE
        else np.zeros_like(blank)
    )
    faults = {"missing": blank, "text": text, "infinite": np.isinf(numbers), "negative": negative}
    problems = [_sentence(values, role, kind, found, locate) for kind, found in faults.items() if found.any()]
    return numbers, problems


def _floats(values: pd.Series, decimal: str) -> tuple[Float[np.ndarray, " row"], Bool[np.ndarray, " row"]]:
    """Each cell as a float (NaN where it is none), and whether it is blank."""
    if pd.api.types.is_numeric_dtype(values.dtype):
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        return numbers, np.isnan(numbers)
    texts = ["" if cell is None or cell != cell else str(cell).strip() for cell in values]
    blank = np.array([text.lower() in BLANKS for text in texts], dtype=bool)
    if decimal == ",":
        texts = [text.replace(",", ".") if WITH_COMMA.fullmatch(text) else text for text in texts]
    return np.array(
        [np.nan if empty else _float(text) for text, empty in zip(texts, blank, strict=True)], dtype=np.float64
    ), blank


def _float(text: str) -> float:
    if "_" in text:  # Python reads 1_000 as a number; no export means that
        return np.nan
    try:
        return float(text)
    except ValueError:
        return np.nan


def _categories(values: pd.Series, role: str, text: Bool[np.ndarray, " row"]) -> str | None:
    """A column of words in place of numbers, such as events: it needs one 0/1 column a word."""
    written = values[text | ~_blank_words(values)]
    words = sorted({str(value) for value in written if not _is_number(value)})
    if (
        text.sum() == 0
        or len(words) > 20
        or text.sum() < 0.5 * max(1, len(written))
        or role.startswith(("kpi", "channels"))
    ):
        return None
    quiet = [word for word in words if word.lower() not in BLANKS]
    column = re.sub(r"\W+", "_", f"{values.name}_{quiet[0] if quiet else words[0]}")
    return (
        f"`{values.name}` ({role}) holds words ({listing([repr(word) for word in words], 5)}), not numbers: add one column of 0 and 1 for each, "
        f"for example `{column}`, and name those; or leave it out of the study"
    )


def _blank_words(values: pd.Series) -> Bool[np.ndarray, " row"]:
    return np.array([value is None or value != value or str(value).strip() == "" for value in values], dtype=bool)


def _is_number(value: object) -> bool:
    return not np.isnan(_float(str(value)))


def _sentence(values: pd.Series, role: str, kind: str, found: Bool[np.ndarray, " row"], locate: Locate) -> str:
    rows = np.flatnonzero(found)
    cells = [f"{locate(int(row))}" + (f": {str(values.iloc[row])!r}" if kind != "missing" else "") for row in rows[:11]]
    places = listing(cells + [""] * (len(rows) - len(cells)))
    times = "once" if len(rows) == 1 else f"{len(rows)} of {len(values)} times"
    return f"`{values.name}` ({role}) is {kind} {times}, at {places}: {REMEDIES[kind]}"


def decimal_sign(columns: Iterable[pd.Series], separator: str) -> tuple[str, list[str]]:
    """`.` or `,`: a comma is decimal only where it cannot be anything else; a problem where it could be both."""
    cells = [
        str(cell).strip()
        for column in columns
        if not pd.api.types.is_numeric_dtype(column.dtype)
        for cell in column.dropna()
    ]
    commas = [cell for cell in cells if WITH_COMMA.fullmatch(cell)]
    if separator == "," or not commas:
        return ".", []
    points = [cell for cell in cells if WITH_POINT.fullmatch(cell)]
    if points:
        return ".", [
            f"numbers are written with a decimal comma ({commas[0]}) and with a point ({points[0]}): use the point everywhere"
        ]
    if all(THOUSANDS.fullmatch(cell) for cell in commas):
        return ".", [
            f"numbers such as {commas[0]} may have a decimal comma or a thousands separator: write them with a decimal point and neither"
        ]
    return ",", []
