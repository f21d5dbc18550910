"""What a report says of keys: how far the profiles agree, and which of them to use."""

from engine.descriptors import PROFILES
from engine.query import Query
from engine.report import Report
from engine.report_keys import DANCE_GENRE, DANCE_SHARE, DRAW, Pair, drawn
from engine.report_text import Sentence, count, listed, nothing, of, percent
from engine.report_values import FEWEST


def keys(report: Report) -> list[Sentence]:
    """Agreement of the profiles, the one to use, its commonest keys."""
    found = report.keys
    if found is None:
        return [nothing(report.contents.tracks, "the key")]
    sentences = []
    if found.compared:
        sentences.append(
            Sentence(
                f"All {len(PROFILES)} key profiles find the same tonic and scale for "
                f"{of(found.agreed, found.compared)}."
            )
        )
        parts = [
            f"{percent(pair.relations['same'], pair.tracks)} for {' and '.join(pair.profiles)}"
            for pair in sorted(found.pairs, key=lambda pair: -pair.same)
        ]
    if found.compared > 1:
        sentences.append(Sentence(f"Pair by pair, the share of equal keys is {listed(parts)}."))
        sentences += _disagreement(found.pairs)
    sentences.append(Sentence(_recommendation(report)))
    profile = next(p for p in found.profiles if p.name == found.recommended)
    sentences.append(
        Sentence(f"By that profile, {of(profile.minor, profile.tracks, 'is', 'are')} in minor.")
    )
    return sentences


def _disagreement(pairs: tuple[Pair, ...]) -> list[Sentence]:
    different = sum(pair.tracks - pair.relations["same"] for pair in pairs)
    if not different:
        return []
    parts = listed(
        [
            f"{percent(sum(pair.relations[name] for pair in pairs), different)} {said}"
            for name, said in _RELATED.items()
        ]
    )
    return [Sentence(f"In the {count(different, 'case')} where two profiles differ, {parts}.")]


_RELATED = {
    "fifth": "are a fifth apart",
    "relative": "relative keys (A minor for C major)",
    "parallel": "parallel keys (A minor for A major)",
}


def _recommendation(report: Report) -> str:
    found = report.keys
    profile = next(p for p in found.profiles if p.name == found.recommended)
    use = f"Use the {profile.name} profile (made from {PROFILES[profile.name]}) here: "
    if found.reason == "dance":
        return (
            f"{use}{percent(found.dance_share, 1)} of the tracks are {DANCE_GENRE}, the genre "
            f"nearest to the music that it was made from (rule: {percent(DANCE_SHARE, 1)} or more)."
        )
    if found.reason == "only":
        return f"{use}it is the only one to compare, with keys for {count(profile.tracks)}."
    if found.reason == "few":
        return (
            f"{use}with {count(max(pair.tracks for pair in found.pairs))} to compare, agreement "
            f"says little (from {FEWEST} on), and it is the one that the filters begin with."
        )
    agrees = f"it agrees with the others on {percent(profile.agreement, 1)} of the tracks"
    if found.reason == "agreement":
        return f"{use}{agrees}, more than any other profile does."
    others = listed([p.name for p in drawn(found.profiles) if p is not profile])
    usual = ", and it is the one that the filters begin with"
    return (
        f"{use}{agrees}, a draw with {others} (within {DRAW * 100:.0f} percentage points of the "
        f"best){usual if profile.name == Query.key_profile else ''}."
    )
