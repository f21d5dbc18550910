"""Small models of information content with random weights."""

import numpy as np
from patterned import fill

from engine.information import audible_mel, checkpoints, latent_kinds, log_mel
from engine.information.checkpoints import Checkpoint
from engine.information.flow import FlowModel
from engine.information.likelihood import Integration
from engine.information.model import InformationModel

TRUNK = {"dim": 16, "depth": 1, "heads": 1, "dim_head": 32, "head_blocks": 1, "longest": 64}

FRAMES = {
    latent_kinds.LOG_MEL: log_mel.band_frames,
    latent_kinds.AUDIBLE_MEL: audible_mel.frames,
}


def model(latents: str) -> InformationModel:
    network = FlowModel(**TRUNK)
    fill(network)
    whitening = None
    if latents in FRAMES:
        random = np.random.default_rng(0)
        bands = FRAMES[latents](random.normal(0, 0.1, 200 * log_mel.FRAME).astype(np.float32))
        whitening = log_mel.fit_whitening(bands)
    checkpoint = Checkpoint(network.requires_grad_(False), checkpoints.FLOW, latents, whitening)
    return InformationModel(checkpoint, integration=Integration(steps=2))
