"""What a report says of keys: how far the profiles agree, and which of them to use."""

from engine.descriptors import PROFILE_NAMES, PROFILES
from engine.query import Query
from engine.report import Report
from engine.report_keys import DANCE_GENRE, DANCE_SHARE, DRAW, Keys, Pair, Profile, drawn, pair_name
from engine.report_text import Sentence, count, listed, of, percent, portion
from engine.report_values import FEWEST


def keys(report: Report) -> list[Sentence]:
    """Agreement of the profiles, the one to use, its commonest keys."""
    found = report.keys
    sentences = []
    if found.compared:
        sentences.append(
            Sentence(
                f"All {len(PROFILES)} key profiles find the same tonic and scale for "
                f"{of(found.agreed, found.compared)}."
            )
        )
    if found.compared > 1:
        first, *others = sorted(found.pairs, key=lambda pair: -pair.same)
        parts = [f"{pair_name(first)} agree on {of(first.relations['same'], first.tracks)}"]
        parts += [
            f"{pair_name(pair)} on {portion(pair.relations['same'], pair.tracks)}"
            for pair in others
        ]
        sentences.append(Sentence(f"Two at a time, {listed(parts)}."))
        sentences += _disagreement(found.pairs)
    sentences.append(Sentence(_recommendation(found)))
    profile = _recommended(found)
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
            f"{said} in {portion(sum(pair.relations[name] for pair in pairs), different)}"
            for name, said in _RELATED.items()
        ]
    )
    return [
        Sentence(f"Where two profiles differ ({count(different, 'case')}), the keys are {parts}.")
    ]


_RELATED = {
    "fifth": "a fifth apart",
    "relative": "relative (A minor for C major)",
    "parallel": "parallel (A minor for A major)",
}


def _recommended(found: Keys) -> Profile:
    return next(p for p in found.profiles if p.name == found.recommended)


def _recommendation(found: Keys) -> str:
    profile = _recommended(found)
    named = f"the {PROFILE_NAMES[profile.name]} profile (made from {PROFILES[profile.name]})"
    use = f"Use {named}: "
    usual = profile.name == Query.key_profile
    if found.reason == "dance":
        return (
            f"{use}{percent(found.dance_share, 1)} of the tracks with a style are {DANCE_GENRE}, "
            f"the genre nearest to that (from {percent(DANCE_SHARE, 1)} on)."
        )
    if found.reason == "only":
        other = "is the only one with keys" if len(found.profiles) == 1 else "has most keys"
        return f"{use}it {other}, for {count(profile.tracks)}."
    if found.reason == "few":
        most = max(pair.tracks for pair in found.pairs)
        return (
            f"With {count(most)} to compare, agreement says little (it takes {FEWEST}): use "
            f"{named}{', with which the filters begin' if usual else ''}."
        )
    agrees = f"it agrees with the others on {percent(profile.agreement, 1)} of the tracks"
    if found.reason == "agreement":
        return f"{use}{agrees}, more than any other profile does."
    others = listed([PROFILE_NAMES[p.name] for p in drawn(found.profiles) if p is not profile])
    return (
        f"{use}{agrees}, a draw with {others} (within {DRAW * 100:.0f} percentage points of the "
        f"best){', and the filters begin with it' if usual else ''}."
    )
