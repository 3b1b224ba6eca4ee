"""Parameters become two vectors, and come back as they were."""

from __future__ import annotations

import numpy as np

from mmm.model.vectors import OTHERS, OWN, Layout, packed, unpacked

LAYOUT = Layout(own=(("share", (2,)), ("slope", (1,))), others=(("contrast", (3, 2)), ("sigma", ())))


def test_what_is_packed_comes_back_whatever_is_in_front() -> None:
    random = np.random.default_rng(0)
    for front in ((), (4,), (4, 5)):
        values = {name: random.normal(size=front + shape) for name, shape in LAYOUT.own + LAYOUT.others}
        vectors = packed(values, LAYOUT)
        assert vectors[OWN].shape == (*front, 3)
        assert vectors[OTHERS].shape == (*front, 7)
        back = unpacked(vectors, LAYOUT)
        assert set(back) == set(values)
        for name in values:
            np.testing.assert_array_equal(back[name], values[name])


def test_entries_lie_in_the_order_of_the_layout() -> None:
    vectors = packed(
        {"share": [1.0, 2.0], "slope": [3.0], "contrast": np.arange(6.0).reshape(3, 2), "sigma": 9.0}, LAYOUT
    )
    assert vectors[OWN].tolist() == [1.0, 2.0, 3.0]
    assert vectors[OTHERS].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 9.0]
