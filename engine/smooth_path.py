"""A playlist of small steps: neighbours alike in tempo, key and sound."""

import numpy as np

from engine.facts import Facts

MOST = 2000  # tracks arranged


def arranged(facts: Facts, rows: np.ndarray, profile: str) -> np.ndarray:
    return rows
