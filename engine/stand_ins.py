"""Models that stand in for the published ones, and what their values never decide.

Goal: one rule for the apps and the report. Source: Library.meta()["models"], in which an analysis
notes what is to be said of a model file that is not the published one, such as random weights.
Conventions: a stage with such a note is not trusted. Its values are shown with the note, but its
embeddings judge neither copies nor paths nor outliers: by random weights all music sounds alike,
so that all tracks of one name would be copies. Pure.
"""

from collections.abc import Callable, Collection, Mapping

from engine.space import Space

# Embeddings that may judge, named as the stages that make them; the first that there is does.
# MusiCNN's are a sixth of the size of EffNet's, and so of the time.
JUDGES = ("musicnn", "effnet")


def notes(meta: Mapping, stage: str) -> list[str]:
    """What is to be said of the models of a stage; empty where all are as published."""
    models = meta.get("models", {}).get(stage, [])
    return sorted({model["note"] for model in models if model.get("note")})


def stand_ins(meta: Mapping) -> frozenset[str]:
    """Stages with a model that is not the published one."""
    return frozenset(stage for stage in meta.get("models", {}) if notes(meta, stage))


def judge(untrusted: Collection[str], space: Callable[[str], Space | None]) -> Space | None:
    """The embeddings by which copies, paths and outliers are judged; `space` reads one by its name.

    None where there are only those of stand-ins, or none: then only the audio bytes tell copies.
    """
    for name in JUDGES:
        if name not in untrusted and (found := space(name)) is not None:
            return found
    return None
