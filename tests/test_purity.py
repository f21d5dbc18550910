"""What comes after the library needs no model, no audio library and no Streamlit."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = ("essentia", "tensorflow", "onnxruntime", "torch", "av")
APPS = ("app_descriptors", "app_similarity")
PURE = (
    "engine.query",
    "engine.query_link",
    "engine.selection",
    "engine.duplicates",
    "engine.recording_groups",
    "engine.report",
    "engine.report_files",
    "engine.report_source",
    "engine.saved_queries",
    "engine.similarity",
    "engine.fusion",
    "engine.rankings",
    "engine.vector_cache",
    "engine.listening_results",
    "engine.analyse_once",
    "engine.playlist",
)


def loaded_by(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds after a statement."""
    code = f"import sys; {statement}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("module", [*PURE, "engine.descriptors"])
def test_pure_modules_import_nothing_heavy(module):
    loaded = loaded_by(f"import {module}")
    assert "engine" in loaded
    assert not loaded & {*HEAVY, "streamlit"}


@pytest.mark.parametrize("module", APPS)
def test_apps_start_without_models_and_audio_libraries(module):
    loaded = loaded_by(f"import {module}")
    assert "streamlit" in loaded
    assert not loaded & set(HEAVY)


@pytest.mark.parametrize("module", APPS)
def test_apps_start_within_two_seconds(module):
    code = f"import time; start = time.process_time(); import {module}; "
    code += "print(time.process_time() - start)"
    for _ in range(3):  # of the processor; more than once where the machine is busy
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300
        )
        if (taken := float(done.stdout)) < 2:
            return
    pytest.fail(f"it took {taken:.1f} s")
