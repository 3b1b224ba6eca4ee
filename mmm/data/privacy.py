"""Does a file hold personal data? A mix model needs none, so a column that looks like it stops ingestion.

All columns of a source are looked at, used or not, by name (`email`, `first_name`, `device_id`) and by content: e-mail
addresses, international telephone numbers, advertising ids. Names of campaigns and channels are not personal.

To recognise one more kind, add its pattern to `NAMES` or to `CONTENTS`.
"""

from __future__ import annotations

import re

import pandas as pd

NAMES = {
    "an e-mail address": r"e_?mail(_?(address|adresse|hash))?|(user|customer|client)_?e_?mail",
    "a telephone number": r"(tele)?phone(_?(number|no|nr))?|mobile(_?(number|no|nr))|msisdn",
    "a person's name": r"(first|last|full|sur|given|family|customer|client|user|contact|person)_?name|nom|prenom|"
    r"vorname|nachname",
    "a device or user id": r"(device|advertising|ad|cookie|visitor|user|customer|client|member|subscriber|session)_?id|"
    r"idfa|idfv|gaid|aaid|maid|adid|gclid|fbclid",
    "an IP address": r"ip(_?addr(ess)?)?|client_?ip",
    "a date of birth": r"(date_?of_?)?birth(_?(day|date))?|dob",
    "an address": r"street(_?address)?|postal_?address|home_?address",
}

CONTENTS = {
    "e-mail addresses": r"\s*[\w.+-]+@[\w-]+(\.[\w-]+)+\s*",
    "telephone numbers": r"\s*\+\d{1,3}[ .-]?\(?\d[\d ().-]{6,}\d\s*",
    "advertising or device ids": r"\s*[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\s*",
    "IP addresses": r"\s*((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)\s*",
}

REMEDY = "remove the column from the export; a mix model works on totals by period and region"


def personal_columns(frame: pd.DataFrame) -> list[str]:
    """One sentence for each column of `frame` that looks like personal data."""
    problems = []
    for column in frame.columns:
        what = _by_name(str(column)) or _by_content(frame[column])
        if what:
            problems.append(f"column {str(column)!r} {what}, which is personal data: {REMEDY}")
    return problems


def _by_name(column: str) -> str | None:
    word = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column).lower()).strip("_")
    return next((f"is called like {what}" for what, pattern in NAMES.items() if re.fullmatch(pattern, word)), None)


def _by_content(values: pd.Series) -> str | None:
    if not (pd.api.types.is_string_dtype(values.dtype) or values.dtype == object):
        return None
    texts = values.drop_duplicates().dropna()
    texts = texts[[isinstance(text, str) for text in texts]].astype("str") if texts.dtype == object else texts
    able = texts[texts.str.contains(r"[@+]|\..*\.|-.*-.*-", regex=True)] if len(texts) else texts
    for what, pattern in CONTENTS.items():
        if len(able) and able.str.fullmatch(pattern).any():
            return f"holds {what}"
    return None
