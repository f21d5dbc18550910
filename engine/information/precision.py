"""bfloat16 products: which processors have them, and which only imitate them."""

import torch

FULL, REDUCED = "float32", "bfloat16"
PRECISIONS = {FULL: torch.float32, REDUCED: torch.bfloat16}


def imitated(precision: str, device: str | torch.device) -> str | None:
    """A sentence where the device would compute in a precision by detours; None where it has it.

    On a processor of 2021 without AVX-512, products take 5 times as long in bfloat16 as in float32,
    and convolutions 90 times.
    """
    if precision == FULL or torch.device(device).type != "cpu" or processor_has_bfloat16():
        return None
    return (
        f"This processor has no {precision} and imitates it, which takes many times as long: "
        f"--precision {FULL} is quicker, and more exact."
    )


def processor_has_bfloat16() -> bool:
    """Whether PyTorch computes convolutions in it: x86 from AVX-512 on."""
    return torch.ops.mkldnn._is_mkldnn_bf16_supported()
