"""What an analysis has to do: the files that were found against what the library knows of them.

Nothing is read or written here but the two lists, so that ten thousand unchanged files cost a
fraction of a second.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from engine.discover import Found
from engine.library import joined
from engine.lookup import Candidate, Done, Known
from engine.records import HAS_VALUES, STATUSES, TAG_READING
from engine.schema import track_status

# What --retry tries again. A missing model is no failure of the file: its stage runs as soon as
# the model is there, because the fingerprint changes.
RETRIED = frozenset(STATUSES) - {*HAS_VALUES, "model_missing"}


@dataclass(frozen=True)
class Wanted:
    """A stage that the run was asked for, as a worker would compute it now."""

    fingerprint: str
    missing: str | None = None  # a sentence: why it cannot be computed here
    # Fingerprints of values that were made with all models that are at hand now, and more.
    richer: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Work:
    """A file with something to do."""

    found: Found
    due: tuple[str, ...]  # stages to compute
    missing: tuple[str, ...]  # stages to compute when their model is there
    settled: Mapping[str, str] = field(default_factory=dict)  # stage → status, of what stays
    # Stages to compute anew that have values of this same file → the fingerprint of those: what
    # fails does not replace them.
    valued: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[bytes, bytes]:
        return self.found.root, self.found.relpath

    @property
    def path(self) -> bytes:
        """Absolute."""
        return joined(*self.key)


@dataclass(frozen=True)
class Plan:
    """What is to be done with each file that was found; `to_probe` is to be planned again."""

    to_probe: list[Work]  # new, or changed: perhaps the same audio under a new name or tags
    to_analyse: list[Work]
    to_note: list[Work]  # nothing to compute, but a model to be noted as missing
    returned: list[tuple[int, Found]]  # unchanged, but marked as absent
    outdated: list[tuple[int, Found]]  # unchanged, but their tags were read by an earlier reading
    unchanged: list[Mapping[str, str]]  # stage → status of every file that is done


def plan(
    found: Iterable[Found],
    known: Mapping[tuple[bytes, bytes], Known],
    wanted: Mapping[str, Wanted],
    *,
    retry: bool = False,
    sizes_known: Set[int] = frozenset(),
    probed: Set[tuple[bytes, bytes]] = frozenset(),
) -> Plan:
    """Sort the files that were found by what they need.

    known: by (root, path relative to it). sizes_known: the file sizes under which the library
    has a track, for files that may have been moved here. probed: files whose audio is known to be
    new, although the library has some of the same size or name.
    """
    result = Plan([], [], [], [], [], [])
    for file in found:
        key = (file.root, file.relpath)
        before = known.get(key)
        if before is None or (before.size, before.mtime_ns) != (file.size, file.mtime_ns):
            work = _sorted(file, {}, wanted, retry)
            doubtful = before is not None or file.size in sizes_known
            (result.to_probe if doubtful and key not in probed else result.to_analyse).append(work)
            continue
        if not before.present:
            result.returned.append((before.id, file))
        if before.tag_reading < TAG_READING:
            result.outdated.append((before.id, file))
        work = _sorted(file, before.stages, wanted, retry)
        if work.due:
            result.to_analyse.append(work)
        elif work.missing:
            result.to_note.append(work)
        else:
            result.unchanged.append(work.settled)
    return result


def _sorted(
    file: Found, stages: Mapping[str, Done], wanted: Mapping[str, Wanted], retry: bool
) -> Work:
    """The wanted stages of one file: to compute, to note as missing, and settled before."""
    due, missing, settled = [], [], {}
    for name, now in wanted.items():
        done = stages.get(name)
        if done is not None and _is_final(done, now, retry):
            settled[name] = done.status
        else:
            (missing if now.missing else due).append(name)
    valued = {
        name: stages[name].fingerprint
        for name in due
        if name in stages and stages[name].status in HAS_VALUES
    }
    return Work(file, tuple(due), tuple(missing), settled, valued)


def _is_final(done: Done, now: Wanted, retry: bool) -> bool:
    if done.status in HAS_VALUES and (now.missing or done.fingerprint in now.richer):
        return True  # computed when more models were at hand: better than what could be now
    return done.fingerprint == now.fingerprint and not (retry and done.status in RETRIED)


@dataclass(frozen=True)
class Recognised:
    """Files whose audio the library has: the track whose results each of them gets."""

    retagged: list[tuple[int, Work]]  # its own
    moved: list[tuple[int, Work]]  # one that lost its file; these may take each other's places
    copied: list[tuple[int, Work]]  # one that has a file, perhaps since a move


def recognise(
    probed: Sequence[tuple[Work, str | None]],
    tracks: Callable[[str], Sequence[Candidate]],
    is_there: Callable[[bytes], bool],
) -> Recognised:
    """Match all changed and new files at once with the tracks that hold the same audio.

    probed: each with its content hash, None where nothing could be read. tracks: those with a
    content hash, in the library. is_there: whether there is a file at an absolute path.
    """
    now = {work.path: content for work, content in probed}
    works: dict[str, list[Work]] = {}
    for work, content in probed:
        if content is not None:
            works.setdefault(content, []).append(work)
    result = Recognised([], [], [])
    for content, same in works.items():
        if not (rows := tracks(content)):
            continue
        own = {row.absolute: row.id for row in rows}
        # Looked for one by one, and each once: thousands of files may hold the same nothing.
        displaced = (
            row.id
            for row in rows
            if (now[row.absolute] != content if row.absolute in now else not is_there(row.absolute))
        )
        for work in same:
            if work.path in own:
                result.retagged.append((own[work.path], work))
            elif (track := next(displaced, None)) is not None:
                result.moved.append((track, work))
            else:
                result.copied.append((rows[0].id, work))
    return result


def vanished(
    known: Mapping[tuple[bytes, bytes], Known],
    found: Iterable[Found],
    unseen: Iterable[bytes],
) -> list[int]:
    """Ids of the tracks whose file is gone, but not of those in places that could not be seen.

    unseen: absolute paths of files and folders that were skipped.
    """
    here = {(file.root, file.relpath) for file in found}
    hidden = set(unseen)
    return [
        track.id
        for (root, relpath), track in known.items()
        if track.present
        and (root, relpath) not in here
        and not (hidden and _is_under(joined(root, relpath), hidden))
    ]


def _is_under(path: bytes, folders: set[bytes]) -> bool:
    while path not in folders:
        if not path:
            return False
        path = path.rpartition(b"/")[0]
    return True


def file_status(stages: Mapping[str, str]) -> str:
    """One status for a file: the worst of its stages.

    A stage without its model does not count beside others: that is no fault of the file, and the
    summary tells it once for all.
    """
    computed = [status for status in stages.values() if status != "model_missing"]
    return track_status(computed or stages.values())
