"""Recordings → IC curves: decode, find the sound, encode, predict, place on the file's grid."""

from collections.abc import Callable, Sequence

import numpy as np

from engine.audio import Audio
from engine.information import curve, log_mel
from engine.information.checkpoints import LOG_MEL
from engine.information.codec import Codec
from engine.information.curve import Curve, Span
from engine.information.latent_cache import LatentCache, key_of
from engine.information.model import InformationModel, Noise


class Analyst:
    """A model and the encoder of its latents."""

    def __init__(
        self,
        model: InformationModel,
        codec: Codec | None = None,
        cache: LatentCache | None = None,
    ):
        """Models of log-mel latents need no codec. Raises ValueError for one of other latents.

        cache: keeps the codec's latents, and spares encoding where it has them. Log-mel frames
        cost no more than reading them, and are not kept.
        """
        given = LOG_MEL if codec is None else codec.latents
        if given != model.latents:
            raise ValueError(f"the model reads {model.latents} latents, and these are {given}")
        self._model = model
        self._encode: Callable[[np.ndarray], np.ndarray] = (
            log_mel.band_frames if codec is None else codec.encode
        )
        self._cache = None if codec is None else cache
        if codec is not None and cache is not None:
            cache.describe(codec.latents, codec.precision)

    def curves(
        self,
        sounds: Sequence[Audio],
        noise: Noise | None = None,
        audio_type: str = curve.MUSIC,
        chunk: int | None = None,
    ) -> list[Curve]:
        """One curve for each recording; frames of all are predicted together, `chunk` at a time."""
        noise = noise or Noise()
        spans, latents = [], []
        for sound in sounds:
            samples = log_mel.resampled(sound)
            spans.append(curve.sounding(samples, audio_type))
            latents.append(self._model.latents_of(self._frames(sound, spans[-1], samples)))
        found = self._model.information(latents, noise, chunk)
        return [
            curve.placed(span, noise.levels, values, sound.excerpt[0])
            for span, values, sound in zip(spans, found, sounds, strict=True)
        ]

    def _frames(self, sound: Audio, span: Span, samples: np.ndarray) -> np.ndarray:
        """Of the span, as the encoder gives them: the same whether they were kept or not."""
        cut = span.cut(samples)
        if self._cache is None:
            return self._encode(cut)
        key = key_of(sound, span, len(cut))
        known = self._cache.get(key)
        return self._cache.put(key, self._encode(cut)) if known is None else known
