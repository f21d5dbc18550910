"""Recordings to curves by command, with a small model of random weights."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from patterned import fill
from sounds import encode, tune
from waiting import wait_for

from engine.information import checkpoints, commands, latent_kinds, log_mel
from engine.information.checkpoints import Checkpoint
from engine.information.curve import FRAMES_PER_SECOND
from engine.information.flow import FlowModel
from engine.information.mixture import MixtureModel

REPOSITORY = Path(__file__).resolve().parent.parent
TRUNK = {"dim": 16, "depth": 1, "heads": 1, "dim_head": 32, "longest": 64}
RATE, FRAME = log_mel.SAMPLE_RATE, log_mel.FRAME
QUIET = np.zeros((4 * FRAME, 2), np.float32)


def saved(path: Path, network, kind: str, architecture: dict) -> str:
    fill(network)
    random = np.random.default_rng(0)
    bands = log_mel.band_frames(random.normal(0, 0.1, 200 * FRAME).astype(np.float32))
    whitening = log_mel.fit_whitening(bands)
    checkpoint = Checkpoint(network, kind, latent_kinds.LOG_MEL, whitening)
    checkpoints.save(path, checkpoint, architecture)
    return str(path)


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> list[str]:
    """The options that make a command quick."""
    path = tmp_path_factory.mktemp("model") / "flow.safetensors"
    flow = {**TRUNK, "head_blocks": 1}
    saved(path, FlowModel(**flow), checkpoints.FLOW, flow)
    steps = ["--integration_params.solver_kwargs", '{"n_steps": 2}']
    return ["--model", str(path), "--device", "cpu", *steps]


@pytest.fixture
def out(tmp_path, monkeypatch) -> Path:
    """The folder of results when none is named."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "ic"


def song(path: Path, seconds: float = 2.0, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return encode(path, tune(seconds), **options)


def rows(path: Path) -> tuple[list[str], np.ndarray]:
    with path.open(newline="") as file:
        heads, *values = csv.reader(file)
    return heads, np.array(values, float)


def test_a_curve_has_the_columns_of_its_levels_and_nan_in_silence(model, out):
    sound = np.concatenate((QUIET, tune(2), QUIET))
    encode(out.parent / "song.flac", sound, codec="flac")
    assert commands.main(["song.flac", *model, "--noise_levels", "[0.0,0.3]"]) == 0
    heads, values = rows(out / "song.csv")
    assert heads == ["Time", "IC_0.0", "IC_0.3"]
    assert len(values) == len(sound) // FRAME
    times = np.arange(1, len(values) + 1) * FRAME / RATE
    np.testing.assert_allclose(values[:, 0], times)
    assert np.isnan(values[:4, 1:]).all() and np.isnan(values[-3:, 1:]).all()
    assert np.isfinite(values[4:-5, 1:]).all()
    assert (values[4:-5, 1] != values[4:-5, 2]).any()


def test_same_names_twice_given_files_and_folders(model, out, capsys):
    for name in ("a/song.wav", "b/song.wav", "c/d/song.wav"):
        song(out.parent / name, 1.0)
    arguments = ["a/song.wav", "b/song.wav", "a/song.wav", "c", *model]
    assert commands.main(arguments) == 0
    assert commands.main(arguments) == 0
    found = sorted(str(path.relative_to(out)) for path in out.rglob("*.csv"))
    assert found == ["d/song.csv", "recordings.csv", "song.csv", "song.wav.csv"]
    said = capsys.readouterr().err
    assert "3 curves in ic." in said and "flow.safetensors on the CPU" in said


def test_what_cannot_be_read_is_told_and_the_rest_is_done(model, out, capsys):
    song(out.parent / "good.wav", 1.0)
    (out.parent / "bad\n.mp3").write_bytes(b"nothing")
    assert commands.main(["bad\n.mp3", "nothere", "good.wav", *model]) == 1
    said = capsys.readouterr().err
    assert "bad\\n.mp3: It is not audio" in said and "nothere: there is no such file" in said
    assert "1 curve in ic; 2 failed." in said
    assert (out / "good.csv").exists()


def test_stereo_at_another_rate_lies_on_the_same_grid(model, out):
    song(out.parent / "mono.wav")
    encode(out.parent / "stereo.wav", tune(2, 48_000), 48_000)
    encode(out.parent / "low.wav", tune(2, 22_050, channels=1), 22_050)
    assert commands.main(["mono.wav", "stereo.wav", "low.wav", "--bz", "2", *model]) == 0
    times = [rows(out / f"{name}.csv")[1][:, 0] for name in ("mono", "stereo", "low")]
    assert len(times[0]) == 2 * RATE // FRAME
    for other in times[1:]:
        np.testing.assert_array_equal(times[0], other)


def test_batches_and_seeds_do_not_change_what_they_should_not(model, out):
    for name in "abc":
        song(out.parent / f"{name}.wav", 1.0)
    found = {}
    for kind, more in (("one", []), ("all", ["--bz", "3", "--vmap_chunk_size", "4"])):
        assert commands.main(["a.wav", "b.wav", "c.wav", "--output_dir", kind, *model, *more]) == 0
        found[kind] = rows(Path(kind) / "b.csv")[1]
    np.testing.assert_allclose(found["one"], found["all"], rtol=1e-3)
    assert commands.main(["b.wav", "--seed", "1", "--output_dir", "seed", *model]) == 0
    assert np.nanmax(np.abs(rows(Path("seed/b.csv"))[1] - found["one"])) > 1e-3


def test_times_of_an_excerpt_are_those_of_the_file(model, out, capsys):
    song(out.parent / "long.wav", 9.0)
    assert commands.main(["long.wav", "--seconds", "3", *model]) == 0
    times = rows(out / "long.csv")[1][:, 0]
    assert len(times) == int(3 * FRAMES_PER_SECOND)
    assert times[0] == pytest.approx(3.0 + 1 / FRAMES_PER_SECOND, abs=0.1)
    assert "of its 9 s, the 3 s from 3 s on" in capsys.readouterr().err


def test_silence_and_short_files_have_curves_without_values(model, out, capsys):
    encode(out.parent / "silent.wav", QUIET)
    encode(out.parent / "short.wav", tune(2)[:2000])
    assert commands.main(["silent.wav", "short.wav", "--plot", *model]) == 0
    assert len(rows(out / "silent.csv")[1]) == 4 and len(rows(out / "short.csv")[1]) == 0
    assert capsys.readouterr().err.count("no frame has a value") == 2
    assert (out / "short.png").read_bytes().startswith(b"\x89PNG")


def test_plots_lie_beside_the_curves(model, out):
    song(out.parent / "a & b.wav")
    assert commands.main(["a & b.wav", "--plot", *model]) == 0
    assert (out / "a & b.png").read_bytes().startswith(b"\x89PNG")
    assert "a &amp; b.wav" in (out / "a & b.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--nope", "1"], "Unrecognized arguments: --nope"),
        (["--model", "nonsense"], "There is no model 'nonsense'"),
        (["--device", "tpu"], "There is no device 'tpu'"),
        (["--integration_params.solver_kwargs", '{"rtol": 1}'], "midpoint has no rtol"),
        (["--monte_carlo_samples", "2", "--noise_from_expectation", "false"], "Monte Carlo"),
        (["--output_dir", "song.wav"], "cannot be written"),
        (["--monte_carlo_samples", "2"], "would change nothing: there is no noise at level 0.0"),
        (["--noise_from_expectation", "false"], "would change nothing"),
        (["--noise_levels", "[0,1e-20]"], "Noise levels differ by 1e-06 or more"),
    ],
)
def test_nothing_is_begun_that_cannot_be(model, out, capsys, arguments, why):
    song(out.parent / "song.wav", 1.0)
    assert commands.main(["song.wav", *model, *arguments]) == 2
    assert why in capsys.readouterr().err
    assert not out.exists()


def test_a_mixture_has_no_noise_levels(out, capsys):
    song(out.parent / "song.wav", 1.0)
    mixture = {**TRUNK, "modes": 2}
    path = saved(out.parent / "m.safetensors", MixtureModel(**mixture), "mixture", mixture)
    assert commands.main(["song.wav", "--model", path, "--noise_levels", "[0.5]"]) == 2
    assert "no noise levels" in capsys.readouterr().err
    for idle in (
        ["--integration", "exact"],
        ["--integration_params.n_runs", "2"],
        ["--monte_carlo_samples", "2"],
        ["--noise_from_expectation", "false"],
    ):
        assert commands.main(["song.wav", "--model", path, *idle]) == 2
        assert f"{' '.join(idle)[:20]}" in (said := capsys.readouterr().err)
        assert "would change nothing: this model is a mixture" in said
    assert commands.main(["song.wav", "--model", path]) == 0
    assert np.isfinite(rows(out / "song.csv")[1][2:, 1]).all()


@pytest.mark.parametrize("kind", [RuntimeError, ValueError, ArithmeticError, MemoryError])
def test_one_that_fails_alone_fails_alone(model, out, capsys, monkeypatch, kind):
    for name in "ab":
        song(out.parent / f"{name}.wav", 1.0 + (name == "b"))
    whole = commands.systems.load

    def load(*arguments, **named):
        analyst = whole(*arguments, **named)
        curves = analyst.curves

        def failing(sounds, *more):
            if any(sound.seconds > 1.5 for sound in sounds):
                raise kind("CUDA out of memory\nand a trace")
            return curves(sounds, *more)

        analyst.curves = failing
        return analyst

    monkeypatch.setattr(commands.systems, "load", load)
    assert commands.main(["a.wav", "b.wav", "--bz", "2", *model]) == 1
    assert (out / "a.csv").exists() and not (out / "b.csv").exists()
    assert "b.wav: CUDA out of memory." in capsys.readouterr().err


def started(folder: Path, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "engine.information", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
    )


def test_a_name_of_bytes_with_a_dash_in_a_process_of_its_own(model, tmp_path):
    name = os.fsdecode(b"-caf\xe9.wav")
    song(tmp_path / "x.wav", 1.0).rename(tmp_path / name)
    process = started(tmp_path, *model, "--", name)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert (tmp_path / "ic" / os.fsdecode(b"-caf\xe9.csv")).exists()


def test_ctrl_c_keeps_what_is_done(model, tmp_path):
    song(tmp_path / "a.wav", 1.0)
    for number in range(60):
        song(tmp_path / f"c/{number}.wav", 1.0)
    process = started(tmp_path, "a.wav", "c", *model)
    first = tmp_path / "ic/a.csv"
    wait_for(lambda: first.exists() or process.poll() is not None, "the first curve")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 130 and b"Interrupted." in said and b"Traceback" not in said
    assert b"curve" in said and not list((tmp_path / "ic").rglob("*.part"))
