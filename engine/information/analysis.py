"""Recordings → IC curves: find the sound, encode, predict, place on the file's grid."""

from collections.abc import Sequence

import numpy as np

from engine.audio import Audio
from engine.information import curve
from engine.information.codec import Codec
from engine.information.curve import Curve
from engine.information.latent_cache import LatentCache
from engine.information.latent_kinds import OF_MEL_BANDS
from engine.information.model import InformationModel, Noise
from engine.information.piece import Piece, piece, placed


class Analyst:
    """A model and the encoder of its latents."""

    def __init__(
        self,
        model: InformationModel,
        codec: Codec | None = None,
        cache: LatentCache | None = None,
    ):
        """Models of mel frames need no codec. Raises ValueError for one of other latents.

        cache: keeps the codec's latents, and spares encoding where it has them. Mel frames cost no
        more than reading them, and are not kept.
        """
        given = OF_MEL_BANDS if codec is None else {codec.latents}
        if model.latents not in given:
            these = "those of mel bands" if codec is None else codec.latents
            raise ValueError(f"the model reads {model.latents} latents, and these are {these}")
        self._model, self._codec = model, codec
        self._cache = None if codec is None else cache
        if codec is not None and cache is not None:
            cache.describe(codec.latents, codec.precision)

    @property
    def has_closed_form(self) -> bool:
        """As the model's: nothing is integrated, and there are no noise levels."""
        return self._model.has_closed_form

    def curves(
        self,
        sounds: Sequence[Audio],
        noise: Noise | None = None,
        audio_type: str = curve.MUSIC,
        chunk: int | None = None,
    ) -> list[Curve]:
        """One curve for each recording; frames of all are predicted together, `chunk` at a time."""
        noise = noise or Noise()
        pieces = [piece(sound, self._model.latents, audio_type) for sound in sounds]
        found = self.information(pieces, noise, chunk)
        return [
            placed(part, noise.levels, values) for part, values in zip(pieces, found, strict=True)
        ]

    def information(
        self, pieces: Sequence[Piece], noise: Noise, chunk: int | None = None
    ) -> list[np.ndarray]:
        """-log p of the frames of each piece, in nats: float32 [levels, T]."""
        latents = [self._model.latents_of(self._frames(part)) for part in pieces]
        return self._model.information(latents, noise, chunk)

    def _frames(self, part: Piece) -> np.ndarray:
        """As the encoder gives them: the same whether they were kept or not."""
        if self._codec is None:
            return part.content
        if self._cache is None:
            return self._codec.encode(part.content)
        known = self._cache.get(part.key)
        if known is None:
            known = self._cache.put(part.key, self._codec.encode(part.content))
        return known
