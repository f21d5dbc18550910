"""The table of model files: what each is, where it is published, and the digest that pins it.

None of them is part of this project: MTG's models are CC BY-NC-SA 4.0 and are downloaded by the
user; MusiCNN's checkpoint comes with the PyPI package `musicnn` (requirements-weights.txt).
"""

from dataclasses import dataclass, field

_MTG = "https://essentia.upf.edu/models"
_EFFNET = f"{_MTG}/feature-extractors/discogs-effnet"
_HEADS = f"{_MTG}/classification-heads"
_NON_COMMERCIAL = "CC BY-NC-SA 4.0"
_RANDOM = "random weights: for trying out and timing only, its results mean nothing"


@dataclass(frozen=True)
class ModelFile:
    """One row of the table of model files."""

    key: str
    filename: str  # relative to a models folder
    bytes: int | None  # size of the published file; None where it could not be pinned
    sha256: str | None  # likewise
    url: str | None  # https; None where a package carries the file
    licence: str
    what: str
    stage: str
    required: bool  # the stage cannot run without it, or without one that serves instead
    instead_of: str | None = None  # key of the file whose place this one can take
    gives: tuple[str, ...] = ()  # descriptor columns and vector spaces that need it
    stand_ins: dict[str, str] = field(default_factory=dict)  # sha256 → what to say of the results
    package: str | None = None  # the installed package whose folder holds `filename`


MODELS: dict[str, ModelFile] = {
    model.key: model
    for model in (
        ModelFile(
            key="effnet_onnx",
            filename="discogs-effnet-bsdynamic-1.onnx",
            bytes=18_027_718,
            sha256="a280825b334797cf677939db8cd5762c0392aedd0ca6415dbc1cd083f045e43c",
            url=f"{_EFFNET}/discogs-effnet-bsdynamic-1.onnx",
            licence=_NON_COMMERCIAL,
            what="EffNet trained on Discogs styles: embedding (1280) and 400 style activations",
            stage="effnet",
            required=True,
            gives=("effnet", "styles", "style", "style_activation"),
            stand_ins={"4c5536ffdfbc12f5869322cada64dc6d6079d07b724cd1de65c6d68914b19198": _RANDOM},
        ),
        ModelFile(
            key="effnet_pb",
            filename="discogs-effnet-bs64-1.pb",
            bytes=None,
            sha256=None,
            url=f"{_EFFNET}/discogs-effnet-bs64-1.pb",
            licence=_NON_COMMERCIAL,
            what="the same network for TensorFlow, in batches of 64: instead of the .onnx",
            stage="effnet",
            required=False,
            instead_of="effnet_onnx",
            gives=("effnet", "styles", "style", "style_activation"),
            stand_ins={"12028e7da20feac63291c76dfda268397c17a0856b85676cd42826afda605a79": _RANDOM},
        ),
        ModelFile(
            key="effnet_labels",
            filename="discogs-effnet-bsdynamic-1.json",
            bytes=14_986,
            sha256="a2e85b2e7372d5f8e0f35bdd6aeae1139f101087d183d0b2fb60b0ea0f01a0ff",
            url=f"{_EFFNET}/discogs-effnet-bsdynamic-1.json",
            licence=_NON_COMMERCIAL,
            what="the names of the 400 styles",
            stage="effnet",
            required=False,
        ),
        ModelFile(
            key="effnet_pb_labels",
            filename="discogs-effnet-bs64-1.json",
            bytes=14_983,
            sha256="a35003202384735c33154e20264267f9941705218a7b93202b655a1d408d4ff6",
            url=f"{_EFFNET}/discogs-effnet-bs64-1.json",
            licence=_NON_COMMERCIAL,
            what="the names of the 400 styles, as they come with the .pb",
            stage="effnet",
            required=False,
            instead_of="effnet_labels",
        ),
        ModelFile(
            key="styles_head",
            filename="genre_discogs400-discogs-effnet-1.pb",
            bytes=2_057_977,
            sha256="3885ba078a35249af94b8e5e4247689afac40deca4401a4bc888daf5a579c01c",
            url=f"{_HEADS}/genre_discogs400/genre_discogs400-discogs-effnet-1.pb",
            licence=_NON_COMMERCIAL,
            what="400 styles from the EffNet embedding",
            stage="effnet",
            required=False,
            gives=("styles", "style", "style_activation"),
        ),
        ModelFile(
            key="styles_head_labels",
            filename="genre_discogs400-discogs-effnet-1.json",
            bytes=14_951,
            sha256="2d367319d9b782ffa10f69abf0e805b3ac4e10899025e5bdbaceda3919b243e0",
            url=f"{_HEADS}/genre_discogs400/genre_discogs400-discogs-effnet-1.json",
            licence=_NON_COMMERCIAL,
            what="the names of the 400 styles, as they come with their head",
            stage="effnet",
            required=False,
            instead_of="effnet_labels",
        ),
        ModelFile(
            key="voice_head",
            filename="voice_instrumental-discogs-effnet-1.pb",
            bytes=514_458,
            sha256="c8033548e17c292874265db62e82a051247768d10375a35a769e7bf695f16acf",
            url=f"{_HEADS}/voice_instrumental/voice_instrumental-discogs-effnet-1.pb",
            licence=_NON_COMMERCIAL,
            what="[instrumental, voice] from the EffNet embedding",
            stage="effnet",
            required=False,
            gives=("voice",),
        ),
        ModelFile(
            key="danceability_head",
            filename="danceability-discogs-effnet-1.pb",
            bytes=514_458,
            sha256="e1251f02cdc846445e2bc1fb3fe9963e32728c5c000e009188ae47c8963cb4c4",
            url=f"{_HEADS}/danceability/danceability-discogs-effnet-1.pb",
            licence=_NON_COMMERCIAL,
            what="[danceable, not_danceable] from the EffNet embedding",
            stage="effnet",
            required=False,
            gives=("danceability",),
        ),
        ModelFile(
            key="musicnn_pb",
            filename="msd-musicnn-1.pb",
            bytes=3_197_999,
            sha256="cdea0722bcee7f731286843f2233e3aa69887bb5c3e2dce011eff55f38d04f3e",
            url=f"{_MTG}/feature-extractors/musicnn/msd-musicnn-1.pb",
            licence=_NON_COMMERCIAL,
            what="MusiCNN trained on the Million Song Dataset: embedding (200) and 50 tags",
            stage="musicnn",
            required=True,
            gives=("musicnn", "tags"),
        ),
        ModelFile(
            key="musicnn_index",
            filename="MSD_musicnn/.index",
            bytes=4_948,
            sha256="87f3e0f3550c8d3bafc840374003e5c8af5eeb5ecf6add61af09a7822d3282c8",
            url=None,
            licence="ISC",
            what="where each tensor lies in the next file",
            stage="musicnn",
            required=False,
            instead_of="musicnn_pb",
            gives=("musicnn", "tags"),
            package="musicnn",
        ),
        ModelFile(
            key="musicnn_data",
            filename="MSD_musicnn/.data-00000-of-00001",
            bytes=9_465_596,
            sha256="8579734ee6388f799ed0def4bbd0d1fdcbeaf213ef2a9dc860917bd76a303de6",
            url=None,
            licence="ISC",
            what="the same 60 tensors as msd-musicnn-1.pb, as a checkpoint: instead of it",
            stage="musicnn",
            required=False,
            instead_of="musicnn_pb",
            gives=("musicnn", "tags"),
            package="musicnn",
        ),
        ModelFile(
            key="emotion_head",
            filename="emomusic-msd-musicnn-2.pb",
            bytes=82_460,
            sha256="fcfb486510213b35e0a691975325f58170f648ad4a02d749bce790da13ded43b",
            url=f"{_HEADS}/emomusic/emomusic-msd-musicnn-2.pb",
            licence=_NON_COMMERCIAL,
            what="[valence, arousal] from the MusiCNN embedding",
            stage="musicnn",
            required=False,
            gives=("valence", "arousal"),
        ),
    )
}
