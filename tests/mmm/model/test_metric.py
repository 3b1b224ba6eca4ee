"""The metric is the posterior's covariance within channels, learned from few draws and their gradients."""

from __future__ import annotations

import numpy as np
import pytest

from mmm.model.metric import SHRINKAGE, between, learned, unknown
from mmm.model.vectors import OTHERS, OWN, Vectors

CHANNEL = np.array([0, 1, 1])
"""Of two shares, and of the second one's slope."""
COVARIANCE = np.array([[4.0, 0.0, 0.0, 0.3], [0.0, 1e-4, 0.9e-2, 0.0], [0.0, 0.9e-2, 1.0, 0.0], [0.3, 0.0, 0.0, 9.0]])
"""Of share[0], share[1], slope[1], noise: a narrow ridge in channel 1, and a line that crosses blocks."""


def gaussian(draws: int) -> tuple[Vectors, Vectors]:
    """Two chains of draws, and the gradients there."""
    x = np.random.default_rng(0).multivariate_normal(np.ones(4), COVARIANCE, (2, draws))
    g = -(x - 1.0) @ np.linalg.inv(COVARIANCE)
    values, gradients = ({OWN: v[..., :3], OTHERS: v[..., 3:]} for v in (x, g))
    return values, gradients


def test_the_mean_of_draws_and_gradients_is_the_covariance_whatever_part_of_it_was_seen() -> None:
    precision, seen = (root @ root.T for root in np.random.default_rng(1).normal(size=(2, 6, 6)))
    found = between(seen, precision @ seen @ precision)
    np.testing.assert_allclose(found, np.linalg.inv(precision), rtol=1e-6, atol=1e-8 * np.abs(found).max())


def test_a_ridge_within_a_channel_is_learned_and_nothing_else_is_off_the_diagonal() -> None:
    metric = learned(*gaussian(4000), CHANNEL)
    block = metric.own
    sd = np.sqrt(np.diag(block))
    np.testing.assert_allclose(np.diag(block), np.diag(COVARIANCE)[:3], rtol=0.05)
    assert block[1, 2] / sd[1] / sd[2] == pytest.approx(0.9, abs=0.01)
    assert np.count_nonzero(block) == 5
    assert metric.others == pytest.approx([9.0], rel=0.05)


def test_a_few_draws_give_the_scale_and_little_of_a_correlation() -> None:
    values, gradient = gaussian(5)
    metric = learned(values, gradient, CHANNEL)
    assert metric.others == pytest.approx([9.0], rel=0.05)
    block = metric.own
    correlation = block[1, 2] / np.sqrt(block[1, 1] * block[2, 2])
    assert 0.0 < correlation < 0.9 * 10 / (10 + SHRINKAGE) + 0.1


def test_before_anything_is_known_every_direction_is_one() -> None:
    metric = unknown({OWN: np.zeros((4, 3)), OTHERS: np.zeros((4, 1))})
    np.testing.assert_array_equal(metric.own, np.eye(3))
    np.testing.assert_array_equal(metric.others, [1.0])
