"""Made-up analyses for tests of the library and what reads it."""

import numpy as np

from engine.records import Analysis, Curve, Media, Outcome, Tags
from engine.schema import SPACE_DIMENSIONS

ROOT = b"/music"
MEDIA = Media(duration_s=180.5, sample_rate=44100, channels=2, codec="mp3", analysed_s=180.5)
TAGS = Tags(
    title="So What",
    artist="Miles Davis",
    album="Kind of Blue",
    year=1959,
    album_artist="Miles Davis",
    track_no=1,
    disc_no=2,
    bitrate=320_000,
    genre="Jazz; Modal",
)
DSP = {
    "tempo_bpm": 136.5,
    "tempo_confidence": 3.5,
    **{f"key_{profile}": "D" for profile in ("temperley", "krumhansl", "edma")},
    **{f"scale_{profile}": "minor" for profile in ("temperley", "krumhansl", "edma")},
    **{f"strength_{profile}": 0.75 for profile in ("temperley", "krumhansl", "edma")},
    "loudness_lufs": -17.25,
    "loudness_range_lu": 8.5,
    "danceability_dsp": 1.25,
}
EFFNET = {"danceability": 0.5, "voice": 0.25, "style": "Jazz---Modal", "style_activation": 0.875}
MUSICNN = {"valence": 5.5, "arousal": 3.5}


def vector(space: str, seed: int = 0) -> np.ndarray:
    """A float32 vector of the right length."""
    return np.random.default_rng(seed).standard_normal(SPACE_DIMENSIONS[space]).astype(np.float32)


def dsp(fingerprint: str = "dsp-1", status: str = "ok", **values) -> Outcome:
    return Outcome("dsp", fingerprint, status, values=DSP | values)


def effnet(fingerprint: str = "effnet-1", status: str = "ok", seed: int = 0) -> Outcome:
    vectors = {space: vector(space, seed) for space in ("effnet", "styles")}
    return Outcome("effnet", fingerprint, status, values=EFFNET, vectors=vectors)


def musicnn(fingerprint: str = "musicnn-1", status: str = "ok", seed: int = 0) -> Outcome:
    vectors = {space: vector(space, seed) for space in ("musicnn", "tags")}
    return Outcome("musicnn", fingerprint, status, values=MUSICNN, vectors=vectors)


def curve(name: str = "ic_0.0", frames: int = 6) -> Curve:
    """Rising from 0, without a value in the second frame."""
    values = np.arange(frames, dtype=np.float32)
    values[1:2] = np.nan
    return Curve(name, "model-1", 0.5, 0.1, values)


def information(*curves: Curve, fingerprint: str = "ic-1", status: str = "ok") -> Outcome:
    values = {"ic_mean": 3.25, "ic_model": "model-1"}
    return Outcome("information", fingerprint, status, values=values, curves=curves)


def analysis(content: str = "aa", *outcomes: Outcome, seed: int = 0) -> Analysis:
    """Of a whole track, unless other outcomes are given."""
    return Analysis(
        content, MEDIA, TAGS, outcomes or (dsp(), effnet(seed=seed), musicnn(seed=seed))
    )
