"""The options of the command for information content, and what they mean for the integration."""

import math
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.information import likelihood, options, probes, solvers
from engine.information.divergence import EXACT, FIXED, FRESH, Trace
from engine.information.integration import METHODS, MOST_STEPS, integration
from engine.information.likelihood import Integration


def test_what_is_written_is_what_is_meant():
    arguments = ["a.mp3", "b.mp3", "--noise_levels", "[0.0,0.3]", "--bz", "3", "--plot"]
    arguments += ["--noise_from_expectation", "false"]
    arguments += ["--integration_params.solver_kwargs", '{"n_steps": 100}']
    given = options.parse(arguments)
    assert given.audio == ["a.mp3", "b.mp3"] and given.noise_levels == [0.0, 0.3]
    assert given.noise_from_expectation is False and given.bz == 3 and given.plot is True
    assert given.integration_params.solver_kwargs == {"n_steps": 100}


@pytest.mark.parametrize(
    ("written", "levels"), [("0.3", [0.3]), ("[0., .5]", [0.0, 0.5]), ("[1]", [1.0])]
)
def test_levels_may_be_written_as_python_does(written, levels):
    assert options.parse(["a", "--noise_levels", written]).noise_levels == levels


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--nope"], "Unrecognized arguments: --nope"),
        (["--noise_levels", "[0,2]"], "lie between 0 and 1"),
        (["--noise_levels", "[0,0]"], "repeat"),
        (["--noise_levels", "[0,x]"], "no list like"),
        (["--bz", "0"], "--bz: 0 is less than 1"),
        (["--vmap_chunk_size", "x"], "no whole number"),
        (["--bz", "9" * 30], "is more than 2147483647"),
        (["--noise_levels", f"[{'9' * 400}]"], "no list like"),
        (["--seed", "99999999999999999999"], "99999999999999999999 is not between 0 and"),
        (["--seed", "-1"], "-1 is not between 0 and"),
        (["--seconds", "0"], "between a second and a day"),
        (["--audio_type", "noise"], "invalid choice: 'noise'"),
        (["--integration_params.solver_kwargs", "3"], "3 is no dict"),
        (["--noise_from_expectation", "3"], "3 is no bool"),
        (["--config", "/no/such.yaml"], "does not exist"),
    ],
)
def test_a_wrong_option_is_a_sentence(arguments, why):
    with pytest.raises(options.OptionsError) as caught:
        options.parse(["a.mp3", *arguments])
    said = str(caught.value)
    assert why in said and "\n" not in said and "--help" in said


def test_without_recordings_there_is_a_sentence():
    with pytest.raises(options.OptionsError, match="required: audio"):
        options.parse([])


def written_config(capsys, *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        options.parse([*arguments, "--print_config"])
    assert not ended.value.code
    return capsys.readouterr().out


def test_a_printed_configuration_says_the_same_again(tmp_path, capsys):
    arguments = ["./-0.mp3", "--plot", "--noise_levels", "[0.1,0.4]", "--weights", "[x, y]"]
    arguments += ["--integration_params.solver", "heun", "--seed", "7"]
    file = tmp_path / "settings.yaml"
    file.write_text(written_config(capsys, *arguments))
    again, before = options.parse(["--config", str(file)]), options.parse(arguments)
    again.config = None
    assert again == before


@pytest.mark.parametrize("place", [0, 1])
def test_the_command_line_counts_over_a_configuration(tmp_path, capsys, place):
    file = tmp_path / "settings.yaml"
    file.write_text(written_config(capsys, "old.mp3", "--bz", "2", "--seed", "5"))
    arguments = [["new.mp3", "--bz", "9"]]
    arguments.insert(place, [f"--config={file}"])
    found = options.parse([one for several in arguments for one in several])
    assert (found.audio, found.bz, found.seed) == (["new.mp3"], 9, 5)


def test_a_configuration_with_a_wrong_value_is_refused(tmp_path):
    file = tmp_path / "settings.yaml"
    for text, why in (
        ("bz: 0", "0 is less than 1"),
        ("seed: .inf", "inf is no whole number"),
        ("nope: 1", "nope"),
        ("{", "parsing config"),
    ):
        file.write_text(text)
        with pytest.raises(options.OptionsError, match=why):
            options.parse(["a.mp3", "--config", str(file)])


def test_the_last_seed_can_be_used():
    found = options.parse(["a.mp3", "--seed", str(options.LAST_SEED)]).seed
    assert len(probes.frame_keys(found, 0, 3).unique()) == 3
    torch.Generator().manual_seed(found)


def test_names_that_begin_with_a_dash_stand_behind_dashes():
    assert options.parse(["--", "-a.mp3", "--config"]).audio == ["-a.mp3", "--config"]


def test_help_knows_all_solvers(capsys):
    assert options.SOLVERS == solvers.SOLVERS
    with pytest.raises(SystemExit):
        options.parse(["--help"])
    text = capsys.readouterr().out
    assert all(line.isascii() or "…" in line for line in text.splitlines())
    assert max(map(len, text.splitlines())) <= 90
    for option in ("--model", "--vmap_chunk_size", "--integration_params.n_runs", "--config"):
        assert option in text


def test_the_program_reads_its_own_command_line(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["program", "a.mp3"])
    assert options.parse().audio == ["a.mp3"]


def test_presets():
    assert integration() == likelihood.FAST
    assert integration(on_sphere=True) == likelihood.FAST_ON_SPHERE
    assert integration("exact") == likelihood.EXACTLY
    assert integration("published") == likelihood.PUBLISHED


def test_what_differs_from_a_preset():
    assert integration("published", 2, "rk4", {"n_steps": 25}) == Integration(
        "rk4", 25, Trace(FIXED, probes=2)
    )
    assert integration(solver_kwargs={"step_size": 0.01}).steps == 100
    assert integration(solver_kwargs={"n_steps": "7"}).steps == 7
    assert integration(n_runs=3).divergence == Trace(FRESH, probes=3)


@pytest.mark.parametrize("solver", METHODS)
def test_adaptive_solvers_keep_their_probes(solver):
    method = METHODS[solver][1]
    found = integration(solver=solver, solver_kwargs={"rtol": 1e-3, "method": method})
    assert found.divergence.kind == FIXED
    assert found.options == {"rtol": 1e-3, "method": method}
    assert integration("exact", solver=solver).divergence.kind == EXACT


@pytest.mark.parametrize(
    ("preset", "runs", "solver", "settings", "why"),
    [
        ("exact", 2, None, {}, "no probes"),
        ("fast", None, "euler", {"rtol": 1}, "no rtol; it takes n_steps, step_size"),
        ("fast", None, "adaptive", {"n_steps": 4}, "no n_steps; it takes method, rtol, atol"),
        ("fast", None, None, {"n_steps": 2.5}, "whole number"),
        ("fast", None, None, {"n_steps": 2, "step_size": 0.5}, "say the same"),
        ("fast", None, None, {"step_size": 2}, "at most 1"),
        ("fast", None, None, {"step_size": 1e-300}, "too many"),
        ("fast", None, "scipy", {"method": "euler"}, "no method 'euler'"),
        ("fast", None, "scipy", {"rtol": "x"}, "above 0"),
    ],
)
def test_settings_that_a_solver_does_not_have(preset, runs, solver, settings, why):
    with pytest.raises(ValueError, match=why):
        integration(preset, runs, solver, settings)


@given(st.sampled_from(["n_steps", "step_size"]), st.floats() | st.text() | st.booleans())
def test_steps_are_a_sensible_number_or_refused(name, value):
    try:
        steps = integration(solver_kwargs={name: value}).steps
    except ValueError as error:
        assert "solver_kwargs" in str(error)
    else:
        number = float(value)
        assert 1 <= steps <= MOST_STEPS
        assert steps == number or math.isclose(1 / number, steps, abs_tol=0.5)
