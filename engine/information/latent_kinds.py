"""Which latents a model of information content reads. Those of different kinds share no scale.

A file of weights says its kind (engine.information.checkpoints), which decides what is made of a
recording before the model reads it. Nothing here loads torch.
"""

MUSIC2LATENT = "music2latent"  # of the hub's SonyCSLParis/music2latent
NOISE_AUGMENTED = "music2latent-noise"  # of the hub's CPJKU/pa-audioic
LOG_MEL = "log-mel"  # engine.information.log_mel: of the first models that were trained here
AUDIBLE_MEL = "audible-mel"  # engine.information.audible_mel: of those that are trained now

NEED_CODEC = frozenset({MUSIC2LATENT, NOISE_AUGMENTED})
OF_MEL_BANDS = frozenset({LOG_MEL, AUDIBLE_MEL})
