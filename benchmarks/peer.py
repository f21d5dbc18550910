"""The plain script that Essentia's documentation suggests, as the measure for precompute.py.

    python benchmarks/peer.py MODELS_DIR EFFNET_PB FILE [FILE ...]

Every algorithm is created once. Prints one JSON object: seconds of the loop, tracks, and seconds
by algorithm.
"""

import json
import os
import sys
import time
from collections import defaultdict
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import essentia
import essentia.standard as es

essentia.log.infoActive = essentia.log.warningActive = False
HEADS = {  # output, input, dimensions
    "genre_discogs400-discogs-effnet-1.pb": (
        "PartitionedCall:0", "serving_default_model_Placeholder", 1280),
    "voice_instrumental-discogs-effnet-1.pb": ("model/Softmax", "model/Placeholder", 1280),
    "danceability-discogs-effnet-1.pb": ("model/Softmax", "model/Placeholder", 1280),
    "emomusic-msd-musicnn-2.pb": ("model/Identity", "model/Placeholder", 200),
}  # fmt: skip


class Peer:
    def __init__(self, models: Path, effnet: Path):
        self.mixer = es.MonoMixer()
        self.resample = es.Resample(inputSampleRate=44100, outputSampleRate=16000, quality=4)
        self.rhythm = es.RhythmExtractor2013(method="multifeature")
        profiles = ("temperley", "krumhansl", "edma")
        self.keys = [es.KeyExtractor(profileType=profile) for profile in profiles]
        self.loudness = es.LoudnessEBUR128(sampleRate=44100)
        self.danceability = es.Danceability()
        self.effnet = es.TensorflowPredictEffnetDiscogs(
            graphFilename=str(effnet), output="PartitionedCall:1"
        )
        self.musicnn = es.TensorflowPredictMusiCNN(
            graphFilename=str(models / "msd-musicnn-1.pb"), output="model/dense/BiasAdd"
        )
        self.heads = {
            name: es.TensorflowPredict2D(
                graphFilename=str(models / name), output=output, input=graph_input,
                dimensions=dimensions,
            )
            for name, (output, graph_input, dimensions) in HEADS.items()
        }  # fmt: skip
        self.seconds = defaultdict(float)

    def timed(self, name, algorithm, *arguments):
        started = time.perf_counter()
        result = algorithm(*arguments)
        self.seconds[name] += time.perf_counter() - started
        return result

    def analyse(self, path: str) -> None:
        audio, _, channels, *_ = self.timed("decode", es.AudioLoader(filename=path))
        mono = self.mixer(audio, channels)
        self.timed("tempo", self.rhythm, mono)
        for key in self.keys:
            self.timed("keys", key, mono)
        self.timed("loudness", self.loudness, audio)
        self.timed("danceability", self.danceability, mono)
        low = self.timed("resample", self.resample, mono)
        effnet = self.timed("EffNet", self.effnet, low)
        musicnn = self.timed("MusiCNN", self.musicnn, low)
        for name, head in self.heads.items():
            embeddings = musicnn if "musicnn" in name else effnet
            self.timed("heads", head, embeddings).mean(axis=0)


def main() -> None:
    models, effnet, *files = sys.argv[1:]
    peer = Peer(Path(models), Path(effnet))
    peer.analyse(files[0])  # TensorFlow plans at the first call
    peer.seconds.clear()
    started = time.perf_counter()
    for path in files:
        peer.analyse(path)
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "tracks": len(files), "by_algorithm": peer.seconds}))


if __name__ == "__main__":
    main()
