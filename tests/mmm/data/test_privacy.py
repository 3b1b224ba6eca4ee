"""Personal data are recognised by name and by content, and ordinary columns are left alone."""

from __future__ import annotations

import pandas as pd
import pytest

from mmm.data.privacy import personal_columns


@pytest.mark.parametrize(
    "name",
    [
        "email",
        "E-Mail",
        "customer_email",
        "phone number",
        "FirstName",
        "device_id",
        "IDFA",
        "userId",
        "ip_address",
        "dob",
    ],
)
def test_a_column_is_personal_by_its_name(name: str) -> None:
    (problem,) = personal_columns(pd.DataFrame({name: [1, 2]}))
    assert problem.startswith(f"column {name!r} is called like")


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("ann@example.org", "e-mail addresses"),
        ("+33 6 12 34 56 78", "telephone numbers"),
        ("6D92078A-8246-4BA4-AE5B-76104861E7DC", "advertising or device ids"),
        ("192.168.0.17", "IP addresses"),
    ],
)
@pytest.mark.parametrize("kind", ["str", object])
def test_a_column_is_personal_by_one_cell(cell: str, what: str, kind: type | str) -> None:
    (problem,) = personal_columns(pd.DataFrame({"note": pd.Series(["x", None, cell], dtype=kind)}))
    assert f"holds {what}" in problem


def test_the_columns_of_a_mix_study_are_not_personal() -> None:
    frame = pd.DataFrame(
        {
            "week": ["2026-01-05"], "campaign_name": ["spring"], "channel_name": ["tv"], "geo": ["FR-75"],
            "email_sends": ["12"],
            "price": ["1.5"], "temperature": ["-2.5"], "phones_sold": ["7"], "time": ["2026-01-05 10:00:00"],
        }
    )  # fmt: skip
    assert personal_columns(frame) == []
