"""Training: it learns, it resumes to the bit, and what it saves can be used."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.information import checkpoints, latent_kinds, log_mel, training
from engine.information.dataset import Frames
from engine.information.flow import FlowModel
from engine.information.mixture import MixtureModel
from engine.information.model import InformationModel

torch.set_num_threads(1)  # the networks are small: threads would wait for each other

TINY = {"dim": 32, "depth": 1, "heads": 1, "dim_head": 32, "longest": 64}
HEADS = {
    checkpoints.FLOW: {"head_dim": 32, "head_blocks": 1, "head_time": 16},
    checkpoints.MIXTURE: {"modes": 2},
}


def settings(kind: str, **changes) -> training.Settings:
    chosen = {"steps": 6, "batch": 3, "crop": 20, "draws": 2, "warmup": 2, **changes}
    return training.Settings(kind=kind, architecture={**TINY, **HEADS[kind]}, **chosen)


@pytest.fixture(scope="module")
def frames() -> Frames:
    """Three recordings of two chords in turn, one of them shorter than a crop."""
    random = np.random.default_rng(0)
    chords = random.normal(-6, 2, (2, log_mel.BANDS))
    lengths = np.array([300, 200, 17])
    parts = [chords[(np.arange(n) // 4) % 2] + random.normal(0, 0.3, (n, 96)) for n in lengths]
    return Frames(np.concatenate(parts).astype(np.float16), lengths)


def run(frames: Frames, chosen: training.Settings, until: int | None = None) -> training.Trainer:
    trainer = training.Trainer(chosen, log_mel.fit_whitening(frames.values))
    while trainer.step < (until or chosen.steps):
        trainer.advance(frames)
    return trainer


@pytest.mark.parametrize("kind", list(HEADS))
def test_a_resumed_run_ends_with_the_same_weights(kind, frames, tmp_path):
    straight = run(frames, settings(kind))
    run(frames, settings(kind), until=3).save(tmp_path, {})
    resumed = training.Trainer.resume(tmp_path)
    assert resumed.step == 3
    while resumed.step < 6:
        resumed.advance(frames)
    for which in ("model", "average"):
        one, other = getattr(straight, which).state_dict(), getattr(resumed, which).state_dict()
        assert all(torch.equal(one[name], other[name]) for name in one)
    moved = straight.model.state_dict()
    assert any(not torch.equal(one[name], moved[name]) for name in one)  # the average lags behind


@pytest.mark.parametrize("kind", list(HEADS))
def test_training_learns(kind, frames):
    plain = {"gain": 0.0, "equaliser": 0.0, "narrowed": 0.0}
    chosen = settings(kind, steps=80, average=0.9, rate=2e-3, draws=4, **plain)
    trainer = training.Trainer(chosen, log_mel.fit_whitening(frames.values))
    before = trainer.validate(frames)
    assert trainer.validate(frames) == before  # always the same draws
    while trainer.step < chosen.steps:
        trainer.advance(frames)
    assert trainer.validate(frames) < 0.95 * before


def test_seeds_differ(frames):
    one, other = (run(frames, settings("flow", seed=seed), 2).model for seed in (0, 1))
    assert not torch.equal(one.backbone.project_in.weight, other.backbone.project_in.weight)


def test_the_saved_model_is_the_average(frames, tmp_path):
    trainer = run(frames, settings("flow"))
    trainer.save(tmp_path, {"note": 1})
    loaded = checkpoints.load(tmp_path / training.MODEL)
    assert loaded.card == {"note": 1}
    for name, value in trainer.average.state_dict().items():
        assert torch.equal(loaded.model.state_dict()[name], value.half().float())
    latents = loaded.whitening(frames.recording(0))
    (information,) = InformationModel(loaded).information([latents])
    assert np.isfinite(information[:, 1:]).all()


def test_filling_has_no_part_in_the_loss(frames):
    trainer = run(frames, settings("mixture"))
    crops, mask = trainer._joined([trainer._latents(frames.recording(n)[:20]) for n in (0, 2)])
    assert mask.sum(1).tolist() == [19, 16]
    changed = crops.clone()
    changed[1, 17:] = 99
    trainer.model.eval()
    losses = [float(trainer._loss(trainer.model, each, mask).detach()) for each in (crops, changed)]
    assert losses[0] == losses[1]


def test_latents_that_are_no_mel_bands_stay_as_they_are():
    chosen = replace(settings("flow"), latents=latent_kinds.MUSIC2LATENT)
    random = np.random.default_rng(0)
    frames = Frames(random.standard_normal((40, 64)).astype(np.float16), np.array([40]))
    trainer = training.Trainer(chosen, None)
    random = np.random.default_rng(0)
    assert np.array_equal(trainer._latents(frames.values, random), frames.values)
    assert np.isfinite(trainer.advance(frames))


def test_the_rate_rises_stays_and_falls():
    chosen = settings("flow", steps=100, warmup=10, cooldown=0.2)
    shares = [training.rate_share(step, chosen) for step in range(101)]
    assert shares[0] == 0.1
    assert shares[9] == shares[50] == shares[80] == 1
    assert 0.4 < shares[90] < 0.6
    assert shares[100] == 0
    assert training.rate_share(5, settings("flow", cooldown=0.0, warmup=0)) == 1


def test_bfloat16_products_train_too(frames):
    trainer = run(frames, settings("flow", precision="bfloat16"))
    assert trainer.model.diff_mlp.linear_input.weight.dtype == torch.float32
    assert np.isfinite(trainer.validate(frames))


def test_a_run_that_is_stopped_saves_first(frames, tmp_path):
    trainer = training.Trainer(settings("flow"), log_mel.fit_whitening(frames.values))
    stops = iter([False, False, True])
    training.train(trainer, frames, frames, tmp_path, {}, is_stopped=lambda: next(stops))
    assert training.Trainer.resume(tmp_path).step == trainer.step == 3


def test_a_watch_is_told_of_steps_and_savings(frames, tmp_path):
    class Noting:
        def __init__(self) -> None:
            self.steps, self.savings = [], []

        def stepped(self, step: int, loss: float) -> None:
            self.steps.append(step)

        def saved(self, step: int, loss: float, held_out: float) -> None:
            self.savings.append((step, held_out))

    watch = Noting()
    trainer = training.Trainer(settings("flow"), log_mel.fit_whitening(frames.values))
    training.train(trainer, frames, frames, tmp_path, {}, watch=watch)
    assert watch.steps == [1, 2, 3, 4, 5, 6]
    (saving,) = watch.savings
    assert saving == (6, trainer.validate(frames))
    assert training.best(tmp_path)[0] == 6


def test_the_best_step_is_that_of_the_lowest_loss_held_out(tmp_path):
    assert training.best(tmp_path) is None
    rows = ("10\t1.0\t0.9\t5", "20\t0.8\t0.7\t9", "30\t0.5\t0.8\t12")
    (tmp_path / training.LOG).write_text("\n".join(("step\ttraining\tvalidation\tseconds", *rows)))
    assert training.best(tmp_path) == (20, 0.7, 0.8)


def test_a_damaged_state_is_said(tmp_path):
    (tmp_path / training.STATE).write_bytes(b"no state")
    with pytest.raises(ValueError, match="cannot be read, so take another --out"):
        training.Trainer.resume(tmp_path)


@pytest.mark.parametrize("kind", list(HEADS))
def test_the_sizes_are_those_that_they_are_called_after(kind):
    shapes = {}
    for size in training.TRUNKS:
        architecture = {**training.TRUNKS[size], **training.HEADS[size][kind]}
        chosen = training.Settings(kind=kind, architecture=architecture)
        weights = training.Trainer(chosen, None).model.state_dict()
        shapes[size] = {name: value.shape for name, value in weights.items()}
    # Without arguments, the classes have the sizes of the published files.
    published = {checkpoints.FLOW: FlowModel, checkpoints.MIXTURE: MixtureModel}[kind]()
    expected = {name: value.shape for name, value in published.state_dict().items()}
    assert shapes[training.PUBLISHED] == expected
    assert sum(shape.numel() for shape in shapes[training.SMALL].values()) < 5_000_000
