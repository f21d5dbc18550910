"""How far apart colours look, to everybody and to people with red-green colour blindness.

Sources: simulation at full severity by G. M. Machado, M. M. Oliveira, L. A. F. Fernandes, A
Physiologically-based Model for Simulation of Color Vision Deficiency, IEEE TVCG 15 (6), 2009, whose
matrices apply to linear RGB; difference by CIEDE2000 in the formulation of G. Sharma, W. Wu, E. N.
Dalal, Color Research and Application 30 (1), 2005; contrast by WCAG 2.1. Conventions: colours are
#rrggbb in sRGB (IEC 61966-2-1) with its white, D65.
"""

from itertools import pairwise

import numpy as np

# Kind of vision → linear RGB [3, 3] as it is seen.
VISIONS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
_WHITE = _TO_XYZ @ np.ones(3)
_KAPPA, _EPSILON = 24389 / 27, 216 / 24389  # of CIE Lab


def linear(colour: str) -> np.ndarray:
    """float64 [3]: RGB without the curve of the screen, 0 to 1."""
    channels = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    """Relative luminance, 0 to 1."""
    return float(linear(colour) @ (0.2126, 0.7152, 0.0722))


def contrast(one: str, other: str) -> float:
    """1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def lab(colour: str, vision: str = "normal") -> np.ndarray:
    """float64 [3]: L*, a*, b* of a colour as it is seen."""
    xyz = _TO_XYZ @ np.clip(VISIONS[vision] @ linear(colour), 0, 1) / _WHITE
    f = np.where(xyz > _EPSILON, np.cbrt(xyz), (_KAPPA * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def apart(one: str, other: str) -> float:
    """The smallest difference (CIEDE2000) of two colours over all kinds of vision."""
    return min(ciede2000(lab(one, vision), lab(other, vision)) for vision in VISIONS)


def mixed(one: str, other: str, share: float) -> str:
    """A colour between two, as screens mix them: `share` of the second, channel by channel."""
    parts = [int(c[place : place + 2], 16) for c in (one, other) for place in (1, 3, 5)]
    return "#" + "".join(
        f"{round(a + share * (b - a)):02x}" for a, b in zip(parts[:3], parts[3:], strict=True)
    )


def on_scale(scale: list[tuple[float, str]], place: float) -> str:
    """The colour of a place from 0 to 1 on a scale of (place, colour), in rising order."""
    for (low, one), (high, other) in pairwise(scale):
        if low <= place <= high:
            return mixed(one, other, (place - low) / (high - low))
    raise ValueError(f"there is no colour at {place}")


def ciede2000(one: np.ndarray, other: np.ndarray) -> float:
    """The difference of two colours in CIE Lab; 1 is about what one can just see."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean_chroma = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 0.5 * (1 - np.sqrt(mean_chroma**7 / (mean_chroma**7 + 25**7)))
    a1, a2 = (1 + g) * a1, (1 + g) * a2
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    grey = c1 * c2 == 0
    turn = 0.0 if grey else (h2 - h1 + 180) % 360 - 180  # the shorter way round
    hue = h1 + h2 if grey else (h1 + turn / 2) % 360
    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    t = (
        1
        - 0.17 * np.cos(np.radians(hue - 30))
        + 0.24 * np.cos(np.radians(2 * hue))
        + 0.32 * np.cos(np.radians(3 * hue + 6))
        - 0.20 * np.cos(np.radians(4 * hue - 63))
    )
    from_middle = (lightness - 50) ** 2
    dl = (l2 - l1) / (1 + 0.015 * from_middle / np.sqrt(20 + from_middle))
    dc = (c2 - c1) / (1 + 0.045 * chroma)
    dh = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2)) / (1 + 0.015 * chroma * t)
    bend = 30 * np.exp(-(((hue - 275) / 25) ** 2))
    r = -2 * np.sqrt(chroma**7 / (chroma**7 + 25**7)) * np.sin(np.radians(2 * bend))
    return float(np.sqrt(dl**2 + dc**2 + dh**2 + r * dc * dh))
