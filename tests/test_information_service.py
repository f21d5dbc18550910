"""The process that computes for all workers; on the CPU here, but for faults, which are fakes."""

import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import numpy as np
import pytest
import runs
import torch
from sounds import encode, tune
from waiting import PATIENCE_S, wait_for

from engine import audio, run, stages
from engine.equipment import Equipment
from engine.information import service
from engine.information.latent_kinds import AUDIBLE_MEL
from engine.information.model import Noise
from engine.information.piece import piece
from engine.information.service import Client, DeviceFailed, Service
from engine.information.stage import Information, Wish
from engine.library import Library

LEVELS = (0.0, 0.5)
REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    monkeypatch.setattr(service, "ANSWER_S", PATIENCE_S)  # or a busy machine's CPU steps in


@pytest.fixture
def sounds(tmp_path):
    """Three recordings of different lengths."""
    files = [encode(tmp_path / f"{n}.wav", tune(1 + n), 44_100) for n in range(3)]
    return [audio.decode(file) for file in files]


@pytest.fixture
def plans():
    wish = Wish("resident", "cpu", LEVELS)
    return stages.resolve(("dsp", "information"), wish=wish)


def always(settings):
    return True


def test_a_service_gives_what_the_worker_alone_would(plans, sounds, tmp_path, monkeypatch):
    """Where temporary folders have longer paths than a socket may have, too."""
    job = tmp_path / ("job" * 40)
    job.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(job))
    alone = Information(plans["information"].information, threads=1)
    said = []
    with service.serving(plans, said.append, always) as served:
        assert served["dsp"] == plans["dsp"]
        settings = served["information"].information
        assert settings.service is not None
        threads = [Thread(target=lambda s=s: given.update({id(s): served_by(settings, s)}))
                   for s in sounds]  # fmt: skip
        given = {}
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert said == []
    for sound in sounds:
        expected, one = alone(sound), given[id(sound)]
        assert one.remark is None
        assert one.values["ic_mean"] == pytest.approx(expected.values["ic_mean"], abs=1e-3)
        for curve, same in zip(one.curves, expected.curves, strict=True):
            np.testing.assert_allclose(curve.values, same.values, atol=1e-2)
    assert not Path(settings.service.address).exists()


def served_by(settings, sound):
    return Information(settings, threads=1)(sound)


def test_no_service_where_the_cpu_computes(plans):
    with service.serving(plans, pytest.fail) as served:
        assert served is plans
    with service.serving({"dsp": plans["dsp"]}, pytest.fail, always) as served:
        assert list(served) == ["dsp"]


def test_a_service_that_cannot_start_leaves_it_to_the_cpu(plans, tmp_path):
    settings = plans["information"].information
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"no model")
    chosen = replace(settings.chosen, model=broken, device="cuda")
    wrong = {"information": replace(plans["information"],
                                    information=replace(settings, chosen=chosen))}  # fmt: skip
    said = []
    with service.serving(wrong, said.append) as served:
        settings = served["information"].information
    assert settings.service is None
    assert settings.chosen.device == "cpu"
    assert "no GPU can be used" in said[0] and "broken.safetensors" in said[0]


def test_a_service_is_not_waited_for_once_the_analysis_is_stopped(plans, monkeypatch):
    started = subprocess.Popen
    silent = [sys.executable, "-c", "import time; time.sleep(300)"]
    monkeypatch.setattr(
        service.subprocess, "Popen", lambda command, **options: started(silent, **options)
    )
    with service.serving(plans, pytest.fail, always, stopped=lambda: True) as served:
        assert served["information"].information.service is None


def test_what_its_process_warns_of_is_told_in_the_end(plans, sounds):
    """A client without the key is one thing that it warns of; once, however many come."""
    said = []
    with service.serving(plans, said.append, always) as served:
        settings = served["information"].information
        wrong = replace(settings.service, key=b"another")
        for _ in range(3):
            with pytest.raises(DeviceFailed):
                Client(wrong, LEVELS)(None)
        assert Information(settings, threads=1)(sounds[0]).remark is None
        assert not said
    (line,) = said
    assert line.startswith("Information content: a client was refused")


def test_a_service_that_dies_costs_no_recording_its_values(plans, sounds):
    with service.serving(plans, pytest.fail, always) as served:
        working = Information(served["information"].information, threads=1)
        before = working(sounds[0])
        os.kill(the_service(), signal.SIGKILL)
        after = working(sounds[0])
        assert after.values["ic_mean"] == pytest.approx(before.values["ic_mean"], abs=1e-3)
        assert "Computed on the CPU" in after.remark and "process is gone" in after.remark
        assert working(sounds[1]).remark is None
        assert working.providers == ("cpu",)


def the_service():
    """Its number as a process, a child of this one."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        if b"engine.information.service" in words and parent == os.getpid():
            return int(folder.name)
    raise AssertionError("there is no service")


def test_a_whole_run_records_the_values_of_a_service(plans, tmp_path, monkeypatch):
    asked = []

    def serving(plans, say, stopped):
        asked.append(list(plans))
        return service.serving(plans, say, always, stopped)

    monkeypatch.setattr(run, "serving", serving)
    music = tmp_path / "music"
    music.mkdir()
    for n in range(3):
        encode(music / f"{n}.wav", tune(1.5 + n), 44_100)
    equipment = Equipment(plans, stages.load)
    settings = run.Settings([music], tmp_path / "library", equipment, workers=2)
    run.Run(settings, runs.Silent()).execute()
    assert asked == [["dsp", "information"]]
    frame = Library.open(tmp_path / "library").frame()
    assert frame["ic_mean"].notna().all()
    assert len(frame) == 3


class Analyst:
    """Fails on the pieces that it is told to, by a fault of one's choice."""

    def __init__(self, bad, error):
        self.bad, self.error, self.sizes = bad, error, []

    def information(self, parts, noise):
        self.sizes.append(len(parts))
        if any(part in self.bad for part in parts):
            raise self.error
        return [np.array([[float(part)]]) for part in parts]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ValueError("odd"), service.FAULT),
        (torch.OutOfMemoryError("CUDA out of memory"), service.MEMORY),
    ],
)
def test_one_recording_costs_no_other_its_values(error, kind):
    answers = service.computed(Analyst([3], error), list(range(8)), Noise())
    assert [answer[0] for answer in answers] == [
        kind if n == 3 else service.VALUES for n in range(8)
    ]
    assert str(error) in answers[3][1]


def test_a_lost_device_is_asked_once():
    analyst = Analyst([3], torch.AcceleratorError("CUDA error: an illegal access"))
    answers = service.computed(analyst, list(range(8)), Noise())
    assert {answer[0] for answer in answers} == {service.LOST}
    assert analyst.sizes == [8]


def test_what_has_come_meanwhile_is_one_batch(sounds):
    parts = [piece(sound, AUDIBLE_MEL) for sound in sounds]
    requests, answers = SimpleQueue(), []
    connection = type("Connection", (), {"send": lambda self, answer: answers.append(answer)})()
    analyst = Counting()
    for part in parts:
        requests.put((connection, part))
    service.serve(analyst, Noise(), requests)
    assert analyst.sizes == [3]
    assert [kind for kind, _ in answers] == [service.VALUES] * 3


class Counting:
    def __init__(self):
        self.sizes = []

    def information(self, parts, noise):
        self.sizes.append(len(parts))
        return [np.zeros((1, len(part.content))) for part in parts]


def test_a_batch_has_an_end(sounds, monkeypatch):
    monkeypatch.setattr(service, "MOST_SAMPLES", 50_000)  # of a second and a bit
    parts = [piece(sound, AUDIBLE_MEL) for sound in sounds]
    requests, analyst = SimpleQueue(), Counting()
    connection = type("Connection", (), {"send": lambda self, answer: None})()
    for part in parts:
        requests.put((connection, part))
    service.serve(analyst, Noise(), requests)
    assert analyst.sizes == [2]


def test_a_client_without_a_service_says_so(tmp_path, sounds):
    client = Client(Service(str(tmp_path / "nowhere"), b"key"), LEVELS)
    with pytest.raises(DeviceFailed, match="its process is gone") as told:
        client(piece(sounds[0], AUDIBLE_MEL))
    assert told.value.is_lost


def test_a_recording_too_large_for_the_gpu_leaves_it_to_the_others(plans, sounds, monkeypatch):
    """Only what does not fit is computed on the CPU."""
    working = Information(plans["information"].information, threads=1)
    expected = working(sounds[0]).values
    working.providers = ("cuda",)

    def full(part):
        raise DeviceFailed("CUDA out of memory", is_lost=False)

    working._computing = full
    given = working(sounds[0])
    assert given.values == expected
    assert given.remark == "Computed on the CPU, since cuda failed: CUDA out of memory"
    assert working._computing is full


def test_faults_of_the_accelerator_are_told_from_others():
    assert service.device_failure(ValueError("CUDA")) is None
    assert service.device_failure(RuntimeError("cuDNN error")).is_lost
    assert not service.device_failure(torch.OutOfMemoryError("CUDA out of memory")).is_lost


STARTER = """
import time
from engine import stages
from engine.information import service
from engine.information.stage import Wish
plans = stages.resolve(("information",), wish=Wish("resident", "cpu"))
with service.serving(plans, print, lambda settings: True) as served:
    print(served["information"].information.service.address, flush=True)
    time.sleep(600)
"""


def test_a_starter_that_is_killed_leaves_nothing_behind():
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    folder = Path(starter.stdout.readline().strip()).parent
    assert (folder / "socket").exists()
    starter.kill()
    starter.wait()
    wait_for(lambda: not folder.exists(), "the end of the socket's folder")
