"""The narrowest of the study's bounds, experience and evidence holds a channel, and the reason is kept."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mmm.plan.bounds import DEFAULT, allowed, for_budget, labels_of

CHANNELS = ["tv", "search", "social"]
FAR = np.full(3, 9.0)


def limits_of(
    bounds: dict[str, tuple[float, float]], observed=FAR, labels=None, max_shift: float = 0.1
) -> list[tuple[float, float]]:
    limits = allowed(CHANNELS, bounds, observed, labels, max_shift)
    return list(zip(limits.lower.round(9).tolist(), limits.upper.round(9).tolist(), strict=True))


def test_a_named_channel_has_its_own_bounds_and_the_rest_the_default() -> None:
    assert limits_of({"default": (0.8, 1.2), "tv": (0.5, 2.0)}) == [(0.5, 2.0), (0.8, 1.2), (0.8, 1.2)]


def test_a_study_that_bounds_one_channel_leaves_the_others_at_the_study_default() -> None:
    assert limits_of({"tv": (1.0, 1.0)}) == [(1.0, 1.0), DEFAULT, DEFAULT]


def test_experience_limits_only_channels_the_study_does_not_name() -> None:
    found = limits_of({"default": (0.5, 1.5), "tv": (0.5, 1.5)}, observed=np.array([1.2, 1.2, 9.0]))
    assert found == [(0.5, 1.5), (0.5, 1.2), (0.5, 1.5)]


@pytest.mark.parametrize("label", ["conflicted", "not identifiable"])
def test_a_channel_without_support_moves_a_little_and_says_why(label: str) -> None:
    labels = {"tv": label, "search": "observationally consistent only", "social": "experiment-confirmed"}
    limits = allowed(CHANNELS, {"default": (0.5, 1.5)}, FAR, labels, 0.1)
    assert (limits.lower[0], limits.upper[0]) == pytest.approx((0.9, 1.1))
    assert (limits.lower[1], limits.upper[1]) == (0.5, 1.5)
    assert limits.reasons == {"tv": f"is {label}, and moves by 10% at most"}


def test_a_channel_that_validation_did_not_look_at_is_held_back_too() -> None:
    assert limits_of({"default": (0.5, 1.5)}, labels={"tv": "experiment-confirmed", "search": "experiment-confirmed"})[
        2
    ] == (0.9, 1.1)


def test_without_any_validation_no_channel_is_held_back() -> None:
    assert limits_of({"default": (0.5, 1.5)}, labels=None) == [(0.5, 1.5)] * 3


def test_a_shift_of_one_lifts_the_limit() -> None:
    assert limits_of({"default": (0.0, 3.0)}, labels={}, max_shift=1.0) == [(0.0, 3.0)] * 3


def test_a_move_that_the_study_forces_is_as_small_as_its_bounds_permit() -> None:
    assert limits_of({"tv": (1.3, 1.6)}, labels={"tv": "conflicted"})[0] == (1.3, 1.3)


def test_a_cut_lowers_floors_growth_lifts_ceilings_and_neither_moves_what_is_frozen() -> None:
    limits = allowed(CHANNELS, {"default": (0.5, 1.5), "tv": (1.0, 1.0)}, FAR, None, 0.1)
    cut, grow = for_budget(limits, 0.9), for_budget(limits, 1.1)
    assert cut.lower.tolist() == pytest.approx([1.0, 0.45, 0.45])
    assert cut.upper.tolist() == limits.upper.tolist()
    assert grow.lower.tolist() == limits.lower.tolist()
    assert grow.upper.tolist() == pytest.approx([1.0, 1.65, 1.65])


def test_labels_are_read_once_a_channel_from_a_table_of_gates() -> None:
    table = pd.DataFrame(
        {
            "channel": ["tv", "tv", "search"],
            "label": ["conflicted", "conflicted", "not identifiable"],
            "gate": ["a", "b", "a"],
        }
    )
    assert labels_of(table) == {"tv": "conflicted", "search": "not identifiable"}
    assert labels_of(None) is None
