"""Which processors have bfloat16, and what is said of those that imitate it."""

import platform
from pathlib import Path

import pytest
import torch

from engine.information import precision
from engine.information.precision import FULL, REDUCED, imitated


@pytest.mark.skipif(platform.machine() != "x86_64", reason="flags of other processors differ")
def test_the_flags_of_the_processor_say_the_same():
    flags = Path("/proc/cpuinfo").read_text().partition("flags")[2].partition("\n")[0].split()
    if precision.processor_has_bfloat16():
        assert {"avx512bw", "avx_ne_convert"} & set(flags)
    else:
        assert "avx512_bf16" not in flags


@pytest.mark.parametrize("has", [True, False])
def test_only_imitated_products_are_told(monkeypatch, has):
    monkeypatch.setattr(precision, "processor_has_bfloat16", lambda: has)
    assert imitated(FULL, "cpu") is None
    assert imitated(REDUCED, "cuda:1") is None
    said = imitated(REDUCED, torch.device("cpu"))
    assert said is None if has else "--precision float32 is quicker" in said
