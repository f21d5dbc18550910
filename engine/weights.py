"""With which weights the embeddings of a library were computed.

Goal: tell whether two embeddings may be compared, and under which name a listening test's votes
belong together. Source: the provenance that an analysis notes, and the ledger. Conventions: an
embedding depends on its network's file, on the version of the stage and on the span that is
analysed of a long track; heads and label files change descriptors, not embeddings. Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.library import Library
from engine.models import MODELS
from engine.records import HAS_VALUES
from engine.schema import STAGE_SPACES
from engine.storage import snapshot

TITLES = {"effnet": "EffNet", "musicnn": "MusiCNN"}  # of networks, as people write them
# The embedding of each stage that has one.
EMBEDDINGS = {stage: spaces[0] for stage, spaces in STAGE_SPACES.items() if spaces}


@dataclass(frozen=True)
class Weights:
    """What an embedding depends on besides the audio."""

    files: tuple[str, ...]  # one name a file, the same for equal weights
    version: int  # of the stage
    span_s: float  # seconds analysed of a long track

    @property
    def name(self) -> str:
        """In one line, to compare and to keep."""
        files = "+".join(file[:12] for file in self.files)
        return f"{files} v{self.version} {self.span_s:g}s"


def of_provenance(stage: str, provenance: Mapping) -> Weights:
    """From what `engine.equipment.provenance` notes of a stage."""
    files = _network_files(stage, provenance["models"])
    return Weights(files, int(provenance["version"]), float(provenance["span_s"]))


def of_library(library: Library) -> dict[str, Weights]:
    """Stage → the weights of most of its embeddings; without those that nobody noted."""
    noted = library.meta().get("provenance", {})
    found = {}
    for stage in EMBEDDINGS:
        source = noted.get(stage, {}).get(most_common(library, stage))
        if source is not None:
            found[stage] = of_provenance(stage, source)
    return found


def _network_files(stage: str, identities: Iterable[str]) -> tuple[str, ...]:
    """Without the files that are known to be heads or labels."""
    others = set()
    for model in MODELS.values():
        if EMBEDDINGS[stage] not in model.gives:
            others |= {model.key, model.sha256, *model.stand_ins}
    return tuple(sorted(name for name in identities if name not in others))


def most_common(library: Library, stage: str) -> str | None:
    """The fingerprint of most of the tracks that have values of a stage."""
    valued = ", ".join(f"'{status}'" for status in HAS_VALUES)
    with snapshot(library.path) as db:
        row = db.execute(
            f"""SELECT fingerprint FROM ledger WHERE stage = ? AND status IN ({valued})
            GROUP BY fingerprint ORDER BY count(*) DESC, fingerprint LIMIT 1""",
            (stage,),
        ).fetchone()
    return row[0] if row else None
