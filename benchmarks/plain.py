"""The same interactions as a plain pandas and scikit-learn script would do them, for comparison.

One Parquet table with a column a style, and the embeddings as .npy files: what comes first to mind,
written with the usual calls and no thought for speed. No result is kept from one call to the next.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

STYLES = ["Rock---Punk", "Electronic---House", "Jazz---Bop"]
LASSO = ((4.0, 5.0), (5.5, 4.2), (6.8, 5.4), (6.0, 7.5), (4.6, 7.0))  # valence, arousal
WORDS = ("stone", "river")
LISTED = 10
RANK_CONSTANT = 60


@dataclass(frozen=True)
class Plain:
    """Everything in memory."""

    table: pd.DataFrame
    ids: dict[str, np.ndarray]
    matrices: dict[str, np.ndarray]

    @classmethod
    def of(cls, folder: Path) -> "Plain":
        """Read what `write` wrote."""
        names = ("effnet", "musicnn")
        return cls(
            pd.read_parquet(folder / "table.parquet"),
            {name: np.load(folder / f"{name}_ids.npy") for name in names},
            {name: np.load(folder / f"{name}.npy") for name in names},
        )


def write(library: Path, folder: Path) -> None:
    """Export a library to the files of a plain script."""
    from engine.library import Library
    from engine.standing import standing

    reading = Library.open(library)
    valueless = standing(library).valueless  # the apps leave them out, too
    frame = reading.frame().drop(index=list(valueless), errors="ignore").reset_index()
    frame["path"] = frame["path"].map(lambda path: path.encode("utf-8", "replace").decode())
    frame["content_hash"] = reading.tracks()["content_hash"].reindex(frame["id"]).to_numpy()
    ids, styles = reading.vectors("styles")
    columns = pd.DataFrame(styles, columns=reading.labels("styles"), index=ids)
    frame.join(columns, on="id").to_parquet(folder / "table.parquet")
    for space in ("effnet", "musicnn"):
        ids, matrix = reading.vectors(space)
        np.save(folder / f"{space}_ids.npy", ids)
        np.save(folder / f"{space}.npy", matrix)


def filtered(table: pd.DataFrame) -> pd.DataFrame:
    """Tempo, style, key and loudness, best style first."""
    found = table[table["tempo_bpm"].between(90, 130)]
    found = found[(found[STYLES] >= 0.1).any(axis=1)]
    found = found[found["key_edma"].isin(["A", "C"])]
    found = found[found["loudness_lufs"] >= -14]
    return found.loc[found[STYLES].max(axis=1).sort_values(ascending=False).index]


def searched(table: pd.DataFrame) -> pd.DataFrame:
    """All words, anywhere in title, artist, album or path."""
    found = table
    for word in WORDS:
        columns = (found[c].fillna("") for c in ("title", "artist", "album", "path"))
        holds = [c.str.contains(word, case=False, regex=False) for c in columns]
        found = found[np.logical_or.reduce(holds)]
    return found


def limited(table: pd.DataFrame) -> pd.DataFrame:
    """Shuffled; one of each recording, two tracks an artist, three hours."""
    found = table.sample(frac=1, random_state=1).drop_duplicates("content_hash")
    found = found.groupby("artist", dropna=False).head(2)
    return found[found["duration_s"].cumsum() <= 3 * 3600]


def lassoed(table: pd.DataFrame) -> pd.DataFrame:
    """Inside a polygon on the valence-arousal plane."""
    from matplotlib.path import Path as Polygon

    return table[Polygon(LASSO).contains_points(table[["valence", "arousal"]].to_numpy())]


def smooth(table: pd.DataFrame, ids: np.ndarray, matrix: np.ndarray, tracks: int) -> np.ndarray:
    """A greedy path through the first tracks: always to the nearest by tempo and sound."""
    from sklearn.metrics.pairwise import cosine_distances, euclidean_distances

    chosen = table[table["id"].isin(ids)].head(tracks)
    vectors = matrix[np.searchsorted(ids, chosen["id"].to_numpy())]
    distances = cosine_distances(vectors)
    distances += euclidean_distances(np.log2(chosen[["tempo_bpm"]].fillna(120)))
    path, left = [0], set(range(1, len(chosen)))
    while left:
        path.append(min(left, key=lambda place: distances[path[-1], place]))
        left.remove(path[-1])
    return chosen["id"].to_numpy()[path]


def cosines(ids: np.ndarray, matrix: np.ndarray, track: int) -> np.ndarray:
    """Of one track with all."""
    from sklearn.metrics.pairwise import cosine_similarity

    row = int(np.flatnonzero(ids == track)[0])
    return cosine_similarity(matrix[row : row + 1], matrix)[0]


def similar(ids: np.ndarray, matrix: np.ndarray, track: int) -> np.ndarray:
    """The ten best; copies are not looked for."""
    return ids[np.argsort(-cosines(ids, matrix, track))[1 : LISTED + 1]]


def constrained(plain: Plain, name: str, track: int) -> np.ndarray:
    """The ten best of those with a tempo in a range."""
    fast = plain.table.loc[plain.table["tempo_bpm"].between(120, 130), "id"]
    ids, scores = plain.ids[name], cosines(plain.ids[name], plain.matrices[name], track)
    order = ids[np.argsort(-scores)]
    order = order[np.isin(order, fast.to_numpy())]
    return order[order != track][:LISTED]


def fused(plain: Plain, tracks: list[int]) -> pd.Series:
    """Reciprocal ranks by every network and track, summed."""
    scores = pd.Series(0.0, index=plain.ids["effnet"])
    for name, ids in plain.ids.items():
        for track in tracks:
            ranks = pd.Series(-cosines(ids, plain.matrices[name], track), index=ids).rank()
            scores = scores.add(1 / (RANK_CONSTANT + ranks), fill_value=0)
    return scores.drop(tracks).nlargest(LISTED)
