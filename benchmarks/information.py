"""The likelihood solver: speed side by side with plain reverse mode, and cost against error.

    python benchmarks/information.py --model model.safetensors --music FOLDER --work DIR

The flows are two heads of the published size (8 blocks of 256), trained here on contexts of the
given model: one on its own latents, one on the same latents layer-normalised, as those of the
noise-augmented Music2Latent are. Training is kept in DIR; it takes about half an hour on a core.
Seconds are processor time of one thread. Writes DIR/information.json and DIR/information.png, and
prints the tables as Markdown.
"""

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from engine.information import (
    audible_mel,
    checkpoints,
    dataset,
    likelihood,
    probes,
    transformer,
)
from engine.information.divergence import EXACT, FIXED, Trace
from engine.information.fields import VelocityField
from engine.information.flow import VelocityNetwork
from engine.information.likelihood import Integration

WIDTH, BLOCKS, DIM = 256, 8, 64
LATENTS = ("whitened", "layer-normalised")
REFERENCE = Integration("rk4", 50, Trace(EXACT))
BATCH, RATE = 512, 1e-3
ROUNDS = 5  # of the two that are compared side by side
DEFLATED = Trace(deflate=True)
TOLERANCE = {"rtol": 1e-3, "atol": 1e-3}
TABLE: dict[str, Integration] = {
    "Euler 100, 4 fixed probes": likelihood.PUBLISHED,
    "Euler 100, 1 fresh": Integration("euler", 100),
    "Euler 32, 1 fresh": Integration("euler", 32),
    "midpoint 8, 1 fresh": Integration("midpoint", 8),
    "midpoint 12, 1 fresh": Integration("midpoint", 12),
    "midpoint 16, 1 fresh (fast)": likelihood.FAST,
    "midpoint 25, 1 fresh": Integration("midpoint", 25),
    "midpoint 16, 2 fresh (fast on a sphere)": likelihood.FAST_ON_SPHERE,
    "midpoint 16, 3 fresh": Integration("midpoint", 16, Trace(probes=3)),
    "heun 16, 1 fresh": Integration("heun", 16),
    "rk4 8, 1 fresh": Integration("rk4", 8),
    "midpoint 16, deflated": Integration("midpoint", 16, DEFLATED),
    "midpoint 33, deflated": Integration("midpoint", 33, DEFLATED),
    "midpoint 16, exact trace": Integration("midpoint", 16, Trace(EXACT)),
    "midpoint 32, exact trace (exact)": likelihood.EXACTLY,
    "adaptive 1e-3, 1 fixed": Integration("adaptive", 16, Trace(FIXED), TOLERANCE),
    "scipy RK45 1e-3, 1 fixed": Integration("scipy", 16, Trace(FIXED), TOLERANCE),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--music", type=Path, nargs="+", required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=3000, help="of training each head")
    parser.add_argument("--frames", type=int, default=64, help="that are integrated")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.work.mkdir(parents=True, exist_ok=True)
    latents, contexts = examples(options.model, options.music, options.work)
    results: dict[str, object] = {"frames": options.frames}
    tables = {}
    for name, targets in zip(LATENTS, (latents, normalised(latents)), strict=True):
        head = trained_head(options.work / f"{name}.pt", targets, contexts, options.steps)
        chosen = torch.randperm(len(targets), generator=torch.Generator().manual_seed(1))
        chosen = chosen[: options.frames]
        if not tables:
            results["side by side"] = side_by_side(head, targets[chosen], contexts[chosen])
        tables[name] = cost_and_error(head, targets[chosen], contexts[chosen])
    results["tables"] = tables
    (options.work / "information.json").write_text(json.dumps(results, indent=1))
    plot(tables, options.work / "information.png")
    print(report(results))


def examples(model: Path, music: list[Path], work: Path) -> tuple[Tensor, Tensor]:
    """Frames and the model's contexts of them, from the music."""
    checkpoint = checkpoints.load(model)
    frames = dataset.read(dataset.tracks(music), work / "frames")
    latents, contexts = [], []
    for number in range(len(frames.lengths)):
        energies = frames.recording(number)
        heard = audible_mel.heard(energies, audible_mel.inner_noise(len(energies)))
        values = torch.from_numpy(checkpoint.whitening(heard))
        with torch.no_grad():
            contexts += transformer.contexts(checkpoint.model.backbone, [values], 1024)
        latents.append(values[1:])
    return torch.cat(latents), torch.cat(contexts)


def normalised(latents: Tensor) -> Tensor:
    """Each frame with mean 0 and norm 8."""
    return torch.nn.functional.layer_norm(latents, latents.shape[-1:])


def trained_head(path: Path, x: Tensor, contexts: Tensor, steps: int) -> VelocityNetwork:
    """A velocity network of the published size, trained or as it was kept."""
    torch.manual_seed(0)
    network = VelocityNetwork(DIM, contexts.shape[1], WIDTH, BLOCKS, WIDTH)
    if path.exists():
        network.load_state_dict(torch.load(path, weights_only=True))
        return network.requires_grad_(False)
    optimizer = torch.optim.AdamW(network.parameters(), RATE, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps, pct_start=0.05)
    for step in range(steps):
        rows = torch.randint(len(x), (BATCH,))
        target, times = x[rows] + 0.05 * torch.randn(BATCH, DIM), torch.rand(BATCH)
        noise = torch.randn(BATCH, DIM)
        mixed = times[:, None] * target + (1 - times[:, None]) * noise
        with torch.autocast("cpu", torch.bfloat16):
            predicted = network(mixed, times, contexts[rows])
        loss = ((target - noise - predicted.float()) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 200 == 0:
            print(f"{path.stem}: step {step}, loss {loss.item():.3f}", flush=True)
    torch.save(network.state_dict(), path)
    return network.requires_grad_(False)


def plain(network: VelocityNetwork, x: Tensor, context: Tensor, signs: Tensor) -> Tensor:
    """Euler 100 in reverse mode, all probes in one batch, nothing hoisted: -log p."""
    probes_count, integral = len(signs), x.new_zeros(len(x))
    contexts, ones = context.repeat(probes_count, 1), signs.flatten(0, 1)
    for number in range(100):
        at = x.repeat(probes_count, 1).requires_grad_()
        times = torch.full((len(at),), 1 - number / 100, dtype=x.dtype)
        with torch.enable_grad():
            velocity = network(at, times, contexts)
            (gradient,) = torch.autograd.grad((velocity * ones).sum(), at)
        integral -= (gradient * ones).sum(-1).unflatten(0, (probes_count, -1)).mean(0) / 100
        x = x - velocity.detach()[: len(x)] / 100
    return 0.5 * ((x**2).sum(-1) + DIM * math.log(2 * math.pi)) - integral


def side_by_side(network: VelocityNetwork, x: Tensor, context: Tensor) -> dict[str, float]:
    """The published setting: ours against plain float32, both against plain float64."""
    keys = probes.frame_keys(0, 0, len(x))
    signs = probes.signs(keys, 0, 4, DIM)
    field = VelocityField(network)
    pairs = {
        "ours": lambda: (
            -likelihood.log_likelihood(field, x, context, keys, likelihood.PUBLISHED)[0]
        ),
        "plain": lambda: plain(network, x, context, signs),
    }
    seconds: dict[str, list[float]] = {name: [] for name in pairs}
    found = {}
    for _ in range(ROUNDS):  # in turn, so that a busy moment hits both alike
        for name, work in pairs.items():
            found[name], taken = timed(work, repeats=1)
            seconds[name].append(taken)
    ratios = [theirs / ours for theirs, ours in zip(seconds["plain"], seconds["ours"], strict=True)]
    exact = plain(network.double(), x.double(), context.double(), signs.double())
    network.float()
    return {
        "ours_s": statistics.median(seconds["ours"]),
        "plain_s": statistics.median(seconds["plain"]),
        "faster": statistics.median(ratios),
        "slowest_round": min(ratios),
        "fastest_round": max(ratios),
        "ours_largest_error": float((found["ours"] - exact).abs().max()),
        "plain_largest_error": float((found["plain"] - exact).abs().max()),
    }


def cost_and_error(network: VelocityNetwork, x: Tensor, context: Tensor) -> dict[str, dict]:
    """For every setting, seconds and errors in nats per frame."""
    keys = probes.frame_keys(0, 0, len(x))
    fields = {"": VelocityField(network), ", bfloat16": VelocityField(network, torch.bfloat16)}
    truth = -likelihood.log_likelihood(fields[""], x, context, keys, REFERENCE)[0]
    signs = torch.stack([probes.independent_signs(keys, number, DIM) for number in range(4)])
    published, published_s = timed(lambda: plain(network, x, context, signs))
    rows = {"published: Euler 100, 4 fixed": row(published - truth, published_s, 1)}
    for name, integration in TABLE.items():
        for suffix, field in fields.items():
            if suffix and integration not in (likelihood.FAST, likelihood.FAST_ON_SPHERE):
                continue
            found, seconds = timed(
                lambda field=field, integration=integration: (
                    -likelihood.log_likelihood(field, x, context, keys, integration)[0]
                )
            )
            rows[name + suffix] = row(found - truth, seconds, published_s / seconds)
    rows["mean of the truth"] = {"nats": float(truth.mean()), "sd": float(truth.std())}
    return rows


def row(error: Tensor, seconds: float, faster: float) -> dict[str, float]:
    """One line of the table; errors in nats per frame."""
    return {
        "seconds": seconds,
        "faster": faster,
        "rms": float(error.square().mean().sqrt()),
        "bias": float(error.mean()),
        "largest": float(error.abs().max()),
    }


def timed(work: Callable[[], Tensor], repeats: int = 2) -> tuple[Tensor, float]:
    """The result and the least processor time of the repeats."""
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        result = work()
        taken.append(time.process_time() - start)
    return result, min(taken)


def plot(tables: dict[str, dict], path: Path) -> None:
    """Cost against error; markers have the numbers of the table's rows."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.6), dpi=110, layout="constrained")
    for axes, (name, rows) in zip(figure.subplots(1, 2, sharey=True), tables.items(), strict=True):
        solved = [line for line in rows.values() if "rms" in line]
        axes.scatter(
            [line["seconds"] for line in solved],
            [line["rms"] for line in solved],
            color="#0f6b63",
            s=22,
        )
        for number, line in enumerate(solved, 1):
            place = line["seconds"], line["rms"]
            axes.annotate(str(number), place, (4, 3), textcoords="offset points", fontsize=9)
        axes.set(xscale="log", yscale="log", title=f"{name} latents", xlabel="Processor seconds")
        axes.grid(alpha=0.3, which="both")
    figure.axes[0].set_ylabel("RMS error (nats per frame)")
    figure.savefig(path)


def report(results: dict) -> str:
    """The figures as Markdown."""
    beside = results["side by side"]
    lines = [
        f"Side by side: plain {beside['plain_s']:.2f} s, ours {beside['ours_s']:.2f} s, "
        f"{beside['faster']:.2f} times faster ({beside['slowest_round']:.2f} to "
        f"{beside['fastest_round']:.2f}); largest error {beside['ours_largest_error']:.1e} "
        f"nats (plain float32 {beside['plain_largest_error']:.1e}).",
        "",
        "| | setting |" + "".join(f" {name}: faster | RMS | bias | largest |" for name in LATENTS),
        "| --- | --- |" + " --- | --- | --- | --- |" * len(LATENTS),
    ]
    tables = [results["tables"][name] for name in LATENTS]
    labels = [label for label, line in tables[0].items() if "rms" in line]
    for number, label in enumerate(labels, 1):
        cells = " | ".join(_cells(table[label]) for table in tables)
        lines.append(f"| {number} | {label} | {cells} |")
    truths = (table["mean of the truth"] for table in tables)
    spread = ", ".join(f"{name} {t['sd']:.1f}" for name, t in zip(LATENTS, truths, strict=True))
    return "\n".join([*lines, "", f"Standard deviation of the frames' information: {spread}."])


def _cells(line: dict[str, float]) -> str:
    errors = " | ".join(f"{line[key]:.2f}" for key in ("rms", "bias", "largest"))
    return f"{line['faster']:.1f} | {errors}"


if __name__ == "__main__":
    main()
