"""The options of `python -m engine.information`: those of the published tools, and some more.

Source: the command lines of the packages audioic and pa-audioic. No torch is loaded for --help.
"""

import argparse
import ast
import re
import sys
from collections.abc import Sequence
from typing import Any

from jsonargparse import ArgumentParser, Namespace

from engine.audio import CAP_SECONDS

PROGRAM = "python -m engine.information"
PRESETS = ("fast", "exact", "published")
AUDIO_TYPES = ("music", "voice")
SOLVERS = ("euler", "midpoint", "heun", "rk4", "adaptive", "scipy")
GPU_BATCH, CPU_BATCH = 8, 1
MOST = 2**31 - 1  # of anything that is counted
LAST_SEED = 2**63 - 1  # probes take 64 bits with a sign

DESCRIPTION = """\
How surprising recordings are, moment by moment: information content (IC), in
nats per latent frame, 10.77 frames a second. Each recording gets a CSV with the
columns Time (seconds in the file, the end of each frame) and IC_<noise level>;
nan in silence. recordings.csv in the same folder says which CSV is of which
recording and model. ICs of different models must not be compared."""

EPILOG = f"""\
examples:
  {PROGRAM} song.mp3
  {PROGRAM} ~/Music/album --noise_levels "[0.0,0.5]" --plot
  {PROGRAM} song.mp3 --model pa-flow --integration exact
  {PROGRAM} song.mp3 --plot --print_config > settings.yaml
  {PROGRAM} other.mp3 --config settings.yaml

Names that begin with a dash stand at the end, behind --.
Exit status: 0; 1 if a recording failed; 2 if nothing could be begun; 130 on Ctrl-C.
docs/information.md explains more."""


class OptionsError(ValueError):
    """One sentence for the user: what is wrong with the command line."""


class _Refused(argparse.ArgumentTypeError, ValueError):
    """Why a value cannot be; argparse asks for the one type, a configuration file for the other."""


def parse(arguments: Sequence[str] | None = None) -> Namespace:
    """Raises OptionsError; --help and --print_config end the program."""
    try:
        options = _parser().parse_args(
            _configured_first(sys.argv[1:] if arguments is None else arguments)
        )
    except argparse.ArgumentError as error:
        raise OptionsError(_sentence(str(error))) from error
    if isinstance(options.weights, str):
        options.weights = [options.weights]
    return options


def _configured_first(arguments: Sequence[str]) -> list[str]:
    """--config in front: what the command line says counts over the file, wherever it stands.

    jsonargparse lets the last one win, so that a file after a recording replaces the recording.
    """
    rest, files = list(arguments), []
    last = rest.index("--") if "--" in rest else len(rest)
    for place in reversed(range(last)):
        if rest[place].startswith("--config="):
            files[:0] = [rest.pop(place)]
        elif rest[place] == "--config":
            files[:0] = rest[place : place + 2]
            del rest[place : place + 2]
    return [*files, *rest]


def _sentence(message: str) -> str:
    """jsonargparse's message, of several lines and with names of types, as one line of words."""
    line = " ".join(message.split()).rstrip(".")
    line = re.sub(r'(?:Parser key "|argument --)([\w.]+)"?: ', r"--\1: ", line)
    line = re.sub(r"Expected a <class '(\w+)'>\. Got value: (.*)", r"\2 is no \1", line)
    return f"{line[:1].upper()}{line[1:]}. {PROGRAM} --help lists all options."


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog=PROGRAM,
        usage=f"{PROGRAM} [options] AUDIO [AUDIO ...]",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        exit_on_error=False,
    )
    parser.add_argument("audio", nargs="+", metavar="AUDIO", help="recordings, or folders of them")
    parser.add_argument("--config", action="config", metavar="FILE",
        help="YAML file with options; those on the command line count over it")  # fmt: skip
    _add_what(parser.add_argument_group("what is computed").add_argument)
    _add_how(parser.add_argument_group("how").add_argument)
    _add_results(parser.add_argument_group("results").add_argument)
    return parser


# fmt: off
def _add_what(add) -> None:
    add("--model", metavar="NAME", default="auto",
        help="resident (comes with the project), pa-flow, gmm, or a file *.safetensors of your "
        "own; auto (default): the best whose weights are here and whose cost suits the device")
    add("--weights", metavar="DIR", type=list[str] | str, default=[],
        help='folder with published weights, or "[DIR, DIR]"')
    add("--noise_levels", metavar="LEVELS", type=_levels, default=[0.0],
        help='from 0 (the sound as it is; default) to 1 (only noise): "[0.0,0.3]"')
    add("--noise_from_expectation", metavar="true|false", type=bool, default=True,
        help="true (default): a noisy frame is its expectation; false: the point that the flow "
        "passes on its way to noise")
    add("--monte_carlo_samples", metavar="N", type=count,
        help="average N draws of the noise in place of its expectation")
    add("--audio_type", choices=AUDIO_TYPES, default="music",
        help="what counts as silence: music (default) 60 dB, voice 35 dB below the loudest moment")
    add("--seconds", metavar="S", type=seconds, default=CAP_SECONDS,
        help=f"of longer files, the central part that is analysed (default: {CAP_SECONDS:g})")


def _add_how(add) -> None:
    add("--device", metavar="NAME", default="auto",
        help="auto (default): a GPU where there is one; cpu, cuda, cuda:1 …")
    add("--integration", choices=PRESETS, default="fast",
        help="of the flow's likelihood. fast (default): random probes, small errors; exact: no "
        "randomness, tens of times slower; published: as the published tool does it")
    add("--integration_params.n_runs", metavar="N", type=count,
        help="probes of the divergence, in place of the preset's")
    add("--integration_params.solver", choices=SOLVERS, help="in place of the preset's")
    add("--integration_params.solver_kwargs", metavar="DICT", type=dict, default={},
        help="of euler, midpoint, heun, rk4: '{\"n_steps\": 100}' or '{\"step_size\": 0.01}'; "
        "of adaptive and scipy: '{\"method\": \"dopri5\", \"rtol\": 1e-4, \"atol\": 1e-4}'")
    add("--bz", metavar="N", type=count,
        help=f"recordings at a time (default: {GPU_BATCH} on a GPU, {CPU_BATCH} without)")
    add("--vmap_chunk_size", metavar="N", type=count,
        help="frames at a time (default: as many as the memory allows); adaptive and scipy choose "
        "their steps for these together, so that equal values need an equal N")
    add("--seed", metavar="N", type=seed, default=0,
        help="of probes and noise (default: 0); equal seeds give equal values")


def _add_results(add) -> None:
    add("--output_dir", metavar="DIR", default="ic",
        help="made if absent (default: ic, in the current folder)")
    add("--plot", action="store_true",
        help="also a picture and a page that needs no network (5 MB), beside each CSV")
# fmt: on


def _levels(value: Any) -> list[float]:
    """A list, as it is written or as it is; one number stands for a list of one."""
    try:
        found = ast.literal_eval(value) if isinstance(value, str) else value
        levels = [float(level) for level in (found if isinstance(found, list | tuple) else [found])]
    except (TypeError, ValueError, OverflowError, SyntaxError) as error:
        raise _Refused(f'{value} is no list like "[0.0,0.3]"') from error
    if not levels or not all(0 <= level <= 1 for level in levels):
        raise _Refused(f"levels lie between 0 and 1, unlike {value}")
    if len(set(levels)) < len(levels):
        raise _Refused(f"levels repeat in {value}")
    return levels


def _whole(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise _Refused(f"{value} is no whole number") from error


def count(value: Any) -> int:
    """From 1 on; more than anybody means is refused before it overflows somewhere."""
    number = _whole(value)
    if number < 1:
        raise _Refused(f"{value} is less than 1")
    if number > MOST:
        raise _Refused(f"{value} is more than {MOST}")
    return number


def seed(value: Any) -> int:
    """What random numbers can be seeded with."""
    number = _whole(value)
    if not 0 <= number <= LAST_SEED:
        raise _Refused(f"{value} is not between 0 and {LAST_SEED}")
    return number


def seconds(value: Any) -> float:
    """Of a recording."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise _Refused(f"{value} is no number of seconds") from error
    if not 1 <= number <= 24 * 3600:
        raise _Refused(f"{value} is not between a second and a day")
    return number
