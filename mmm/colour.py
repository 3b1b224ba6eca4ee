"""Can everybody read this colour, and tell it from that one? Contrast and difference, also with colour blindness.

    contrast("#14365d", "#ffffff")              # 12.1: WCAG 2 asks for 4.5 where small text is read
    difference(a, b, VISION["deuteranopia"])    # CIE76: the distance in L*a*b*, as somebody with this vision sees it

Contrast is that of WCAG 2.2, `(lighter + 0.05) / (darker + 0.05)` of relative luminances. Vision is simulated after
Machado, Oliveira and Fernandes (2009) at severity 1, in linear RGB. Colours are `#rrggbb`.
"""

from __future__ import annotations

import numpy as np

WHITE = "#ffffff"

READABLE = 4.5
"""The contrast that WCAG 2.2 AA asks of text."""

APART = 12.0
"""How far two areas side by side must differ: 2.3 is just noticeable, and print wants several times that."""

VISION = {
    "normal vision": np.eye(3),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
}
"""What becomes of linear RGB in the eye, by kind of vision."""

TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def contrast(shade: str, ground: str) -> float:
    """How much lighter one colour is than the other: 1 (the same) to 21 (black on white)."""
    darker, lighter = sorted(float(TO_XYZ[1] @ _linear(colour)) for colour in (shade, ground))
    return (lighter + 0.05) / (darker + 0.05)


def difference(shade: str, other: str, vision: np.ndarray = VISION["normal vision"]) -> float:
    """How different two colours look with a kind of vision."""
    return float(np.linalg.norm(_lab(shade, vision) - _lab(other, vision)))


def _linear(shade: str) -> np.ndarray:
    rgb = np.array([int(shade[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def _lab(shade: str, vision: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of a colour as somebody with this vision sees it."""
    xyz = TO_XYZ @ np.clip(vision @ _linear(shade), 0, 1)
    f = np.cbrt(np.maximum(xyz / np.array([0.9505, 1.0, 1.089]), 0.008856))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])
