"""What are the smallest pieces of a study: a name, a column, a day, a section that refuses unknown keys?

`Part` is the base of every section of `study.yaml`: frozen, and an unknown key is an error. `mmm.study` puts the
sections together.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict


def _name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", value):
        raise ValueError(
            f"{value!r} may hold letters, digits, '-', '_' and '.' only, and starts with a letter or digit"
        )
    return value


def _key(value: str) -> str:
    if not value.strip() or any(ord(character) < 32 for character in value):
        raise ValueError(f"{value!r} is empty or holds a control character")
    return value


def _date(value: object) -> object:
    return value.date() if isinstance(value, dt.datetime) else value


Name = Annotated[str, AfterValidator(_name)]
Key = Annotated[str, AfterValidator(_key)]
Day = Annotated[dt.date, BeforeValidator(_date)]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
