"""The descriptors a person can filter by: name, unit, usual range, and how far to trust each.

One literal table, read by the apps (labels, sliders, help) and by whatever else names a descriptor
to a person. Ranges are those of a slider, not of the values: a slider end stands for "no limit", so
a value outside the range is never lost. Nothing heavy is imported here.
"""

from dataclasses import dataclass

KEYS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
SCALES = ("major", "minor")
# Key profile → what it was made from.
PROFILES = {
    "temperley": "classical scores",
    "krumhansl": "listeners' ratings",
    "edma": "dance music",
}
PROFILE_NAMES = {"temperley": "Temperley", "krumhansl": "Krumhansl", "edma": "EDMA"}
# A voice activation of at least this counts as sung or spoken.
VOICE_THRESHOLD = 0.5


@dataclass(frozen=True)
class Descriptor:
    """One number per track, as people see it."""

    column: str  # of Library.frame()
    label: str
    unit: str  # shown after the value; empty where it has none
    low: float  # lower end of the slider
    high: float  # upper end of the slider
    step: float
    decimals: int  # shown in tables and sliders
    stage: str  # of the analysis that computes it
    help: str  # what it is, and how far to trust it


DESCRIPTORS = {
    d.column: d
    for d in (
        Descriptor(
            "tempo_bpm", "Tempo", "BPM", 40, 220, 1, 0, "dsp",
            "Beats per minute over the whole track. Trust it for music with a steady beat, usually "
            "within 1 BPM. It can come out at half or double the tempo that you feel (60 is heard "
            "as 120), and music without a pulse gets a number all the same: see the tempo "
            "confidence in the table.",
        ),
        Descriptor(
            "tempo_confidence", "Tempo confidence", "", 0, 5, 0.1, 1, "dsp",
            "How well five beat trackers agree, and how far their tempo is ahead of the next best "
            "one, 0 to 5. Below 1.5 the tempo is a guess, and another file of the same music may "
            "get another one; above 3.5 it is usually right, if not half or double.",
        ),
        Descriptor(
            "danceability", "Danceability", "", 0, 1, 0.01, 2, "effnet",
            "Probability that people would call the track danceable, from a network trained on 306 "
            "tracks. It tends towards 0 or 1: good for sorting club music from the rest, weak "
            "for fine steps in between.",
        ),
        Descriptor(
            "danceability_dsp", "Danceability (signal)", "", 0, 3, 0.05, 2, "dsp",
            "How regular the loudness is from beat to beat, 0 to 3, computed from the signal "
            "without a network. A rough hint: steady pulses score high, also when nobody would "
            "dance to them.",
        ),
        Descriptor(
            "voice", "Voice", "", 0, 1, 0.01, 2, "effnet",
            "Probability that somebody sings or speaks, averaged over the track: 0.5 and more "
            "counts as voice. About 96 % right on its makers' 1,000 excerpts; a track with one "
            "short verse can count as instrumental.",
        ),
        Descriptor(
            "valence", "Valence", "", 1, 9, 0.1, 1, "musicnn",
            "How pleasant the music sounds, from 1 (sad, tense) to 9 (happy, at ease). A network's "
            "estimate of the average listener (correlation 0.74 on its makers' songs); most tracks "
            "lie between 4 and 6. Trust big differences only.",
        ),
        Descriptor(
            "arousal", "Arousal", "", 1, 9, 0.1, 1, "musicnn",
            "How energetic the music sounds, from 1 (calm) to 9 (excited). A network's estimate of "
            "the average listener (correlation 0.82 on its makers' songs): more reliable than "
            "valence.",
        ),
        Descriptor(
            "loudness_lufs", "Loudness", "LUFS", -40, 0, 0.5, 1, "dsp",
            "Integrated loudness by the broadcast standard EBU R128, an exact measurement. "
            "Streaming services play at about -14 LUFS; a loud modern master has about -8, "
            "classical music often -20 or less.",
        ),
        Descriptor(
            "loudness_range_lu", "Loudness range", "LU", 0, 30, 0.5, 1, "dsp",
            "How far loud and quiet passages lie apart (EBU R128), an exact measurement. About 3 "
            "LU for compressed pop, 15 and more for an orchestra.",
        ),
        Descriptor(
            "ic_mean", "Mean IC", "nats/frame", 0, 10, 0.1, 2, "information",
            "Information content: how surprising each moment is to a model of music, given what "
            "came before; the mean over the track. Higher means harder to predict. Compare only "
            "tracks of one library, analysed with the same model.",
        ),
        Descriptor(
            "style_activation", "Style activation", "", 0, 1, 0.01, 2, "effnet",
            "Activation of the track's strongest style, 0 to 1, averaged over the track.",
        ),
        Descriptor(
            "duration_s", "Duration", "s", 0, 3600, 1, 0, "",
            "Length of the track.",
        ),
        Descriptor(
            "year", "Year", "", 1950, 2030, 1, 0, "",
            "As the file's tags say; often that of a reissue, not of the recording.",
        ),
    )
}  # fmt: skip

STYLE_HELP = (
    "400 styles of the Discogs catalogue, as a network hears them. An activation is between 0 and "
    "1, averaged over the track, and several styles can be high at once. Parent genres are "
    "dependable, close neighbours (House, Deep House) are often mixed up. From about 0.1 on a "
    "style is audible, 0.5 is strong."
)
TAGS_HELP = (
    "The style network is missing, so these are the 50 tags of the Million Song Dataset as MusiCNN "
    "hears them: coarser than the 400 styles, and a mix of genres, moods and instruments. "
    "Activations are between 0 and 1, averaged over the track; 0.2 is already a lot."
)
KEY_HELP = (
    "Tonic and scale of the whole track, as the chosen key profile sees it. On 2,100 mixed tracks "
    "the three profiles agree on 45 %: expect the relative key (A minor for C major) or the fifth "
    "(G for C) as the usual mistakes, and nonsense for music without a tonal centre: noise gets a "
    "key, too, and all three can agree on it."
)
