"""The supervisor against handlers that crash, hang, leak and lie; one answer per task, always."""

import errno
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import fake_handlers
import pytest
from waiting import PATIENCE_S, wait_for

from engine import supervisor as module
from engine.child import GRACE_S
from engine.supervisor import PREPARATION, Supervisor, SupervisorError, Task

STEPS = ("dsp", "effnet", "musicnn")
FINE = ("fine", dict.fromkeys(STEPS, "fine"))


def task(key, preparation="fine", **script):
    return Task(key, (preparation, {**FINE[1], **script}), STEPS)


def run(tasks, workers=2, **settings):
    settings = {"deadline": (30.0, 0.0)} | settings
    supervisor = Supervisor(fake_handlers.make_scripted, workers, **settings)
    return {done.task.key: done for done in supervisor.run(tasks)}, supervisor


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_every_task_has_every_result():
    done, supervisor = run(task(n) for n in range(20))
    assert sorted(done) == list(range(20))
    assert all(set(one.results) == set(STEPS) and not one.failures for one in done.values())
    assert supervisor.about == ("fake",)


def test_no_tasks_start_no_worker():
    assert run([])[0] == {}


def test_a_crash_costs_its_step_and_nothing_else():
    done, _ = run([task(1, effnet="crash"), task(2)])
    assert set(done[1].results) == {"dsp", "musicnn"}
    failure = done[1].failures["effnet"]
    assert failure.kind == "crashed"
    assert "SIGSEGV" in failure.message
    assert "the decoder fell over" in failure.message
    assert set(done[2].results) == set(STEPS)


def test_what_was_finished_is_not_run_again_and_the_rest_gets_a_fresh_worker(tmp_path):
    done, _ = run([task(1, effnet=f"crash_once:{tmp_path / 'marker'}")], workers=1)
    assert not done[1].failures
    pids = {step: pid for step, (_, pid) in done[1].results.items()}
    assert pids["dsp"] != pids["effnet"] == pids["musicnn"]


def test_two_deaths_while_decoding_fail_all_steps():
    done, _ = run([task(1, preparation="crash"), task(2)])
    assert {step: one.kind for step, one in done[1].failures.items()} == dict.fromkeys(
        STEPS, "crashed"
    )
    assert done[1].failures["dsp"].message.startswith(PREPARATION)
    assert not done[2].failures


def test_a_death_while_decoding_after_finished_steps_keeps_them(tmp_path):
    # Dies in effnet, then on the way back to it, twice.
    first = tmp_path / "first"
    script = task(1, effnet=f"crash_once:{first}")
    settings = {"workers": 1, "deadline": (30.0, 0.0)}
    supervisor = Supervisor(fake_handlers.make_second_preparation_crashes, **settings)
    (done,) = supervisor.run([script])
    assert set(done.results) == {"dsp"}
    assert {step: one.kind for step, one in done.failures.items()} == {
        "effnet": "crashed",
        "musicnn": "crashed",
    }


def test_a_probe_without_steps_reports_its_preparation():
    done, _ = run([Task(1, FINE), Task(2, ("crash", {}))])
    assert done[1].prepared["pid"] and not done[1].failures
    assert done[2].failures[PREPARATION].kind == "crashed"


def test_a_hang_that_holds_the_interpreter_lock_is_a_timeout_and_the_rest_goes_on():
    done, _ = run([task(1, dsp="hang"), task(2)], deadline=(1.5, 0.0))  # and comes to an end
    assert done[1].failures["dsp"].kind == "timeout"
    assert set(done[1].results) == {"effnet", "musicnn"}
    assert not done[2].failures


def test_the_deadline_grows_with_the_duration():
    # One second of audio is reported: 0.5 + 5 × 1 s suffice for a stay of 1.5 s, 0.5 s do not.
    patient, _ = run([task(1, dsp="stay:1.5")], deadline=(0.5, 5.0))
    hasty, _ = run([task(1, dsp="stay:1.5")], deadline=(0.5, 0.0))
    assert not patient[1].failures
    assert hasty[1].failures["dsp"].kind == "timeout"


def test_a_memory_hog_is_killed_before_it_hurts():
    done, supervisor = run([task(1, dsp="swallow"), task(2)], memory_limit=300 << 20)
    assert "used more than 0.29 GiB" in done[1].failures["dsp"].message
    assert set(done[1].results) == {"effnet", "musicnn"}
    assert not done[2].failures
    assert 300 << 20 < supervisor.peak_memory < 1 << 30


def test_an_absurd_allocation_is_refused_by_the_kernel():
    done, _ = run([task(1, dsp="swallow_at_once")])
    assert "MemoryError" in done[1].failures["dsp"].message


def test_an_exception_out_of_the_handler_is_told():
    done, _ = run([task(1, musicnn="fail:an odd shape")])
    assert "ValueError: an odd shape" in done[1].failures["musicnn"].message


def test_a_chatterbox_neither_blocks_nor_fills_the_message():
    done, _ = run([task(1, dsp="chatter")])
    message = done[1].failures["dsp"].message
    assert "exit code 3" in message
    assert len(message) < 1000


def test_workers_are_recycled():
    done, _ = run((task(n) for n in range(9)), workers=1, recycle_after=3)
    assert len({one.prepared["pid"] for one in done.values()}) == 3


def test_a_worker_that_cannot_start_is_one_clear_error():
    with pytest.raises(SupervisorError, match="libtensorflow"):
        list(Supervisor(fake_handlers.make_nothing, 2).run([task(1)]))


def test_a_worker_that_dies_while_starting_is_no_endless_respawn():
    with pytest.raises(SupervisorError, match="SIGILL"):
        list(Supervisor(fake_handlers.make_death, 2).run([task(n) for n in range(5)]))


def test_deaths_without_end_are_the_installation(monkeypatch):
    monkeypatch.setattr(module, "HOPELESS", 5)
    with pytest.raises(SupervisorError, match="installation"):
        run([task(n, preparation="crash") for n in range(20)])


def test_many_deaths_in_a_row_after_a_success_are_the_files(monkeypatch):
    monkeypatch.setattr(module, "HOPELESS", 5)
    bad = [task(n, preparation="crash") for n in range(1, 6)]
    done, _ = run([task(0), *bad, task(6)], workers=1)
    assert [n for n in range(7) if not done[n].failures] == [0, 6]
    assert {done[n].failures["dsp"].kind for n in range(1, 6)} == {"crashed"}


def test_timeouts_are_not_the_installation(monkeypatch):
    monkeypatch.setattr(module, "HOPELESS", 2)
    done, _ = run([task(n, preparation="hang") for n in range(3)], deadline=(0.3, 0.0))
    assert {one.failures["dsp"].kind for one in done.values()} == {"timeout"}


def test_what_takes_long_to_read_has_an_allowance():
    slow = Task(1, ("stay:1.5", FINE[1]), STEPS, allowance_s=5.0)
    (patient,) = run([slow], deadline=(0.5, 0.0))[0].values()
    (hasty,) = run([replace(slow, allowance_s=0.0)], deadline=(0.5, 0.0))[0].values()
    assert not patient.failures
    assert hasty.failures["dsp"].kind == "timeout"


def test_no_process_to_be_had_is_one_clear_error(monkeypatch):
    def refuse(*arguments, **settings):
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr("engine.child.subprocess.Popen", refuse)
    with pytest.raises(SupervisorError, match=r"No worker can be started: .*unavailable"):
        run([task(1)])


def test_workers_that_cannot_be_killed_are_waited_for_together(monkeypatch):
    """As those that wait for a dead network drive."""
    supervisor = Supervisor(fake_handlers.make_scripted, 3)
    answers = supervisor.run(task(n) for n in range(50))
    next(answers)
    processes = [worker.process for worker in supervisor._workers]
    for process in processes:
        monkeypatch.setattr(process, "kill", lambda: None)
    started = time.monotonic()
    answers.close()
    took = time.monotonic() - started
    for process in processes:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert took < 3 * GRACE_S  # as long as they take one after the other


def test_stop_ends_at_once_and_leaves_no_process():
    """The others would hang for as long as the deadline is away."""
    supervisor = Supervisor(fake_handlers.make_scripted, 2, deadline=(10 * PATIENCE_S, 0.0))
    answers = supervisor.run([task(1), *(task(n, dsp="hang") for n in range(2, 100))])
    next(answers)
    pids = [worker.process.pid for worker in supervisor._workers]
    started = time.monotonic()
    threading.Timer(0.5, supervisor.stop).start()  # both are at one that hangs
    assert list(answers) == []
    assert time.monotonic() - started < PATIENCE_S
    assert len(pids) == 2 and not any(alive(pid) for pid in pids)


def test_leaving_the_loop_early_leaves_no_process():
    for done in Supervisor(fake_handlers.make_scripted, 2).run(task(n) for n in range(50)):
        pid = done.prepared["pid"]
        break
    wait_for(lambda: not alive(pid), "the end of the worker")


def test_the_environment_is_there_before_the_interpreter_and_ctrl_c_does_not_reach_it():
    supervisor = Supervisor(fake_handlers.make_environment_reader, 1, env={"OMP_NUM_THREADS": "7"})
    (done,) = supervisor.run([Task(1, None)])
    assert done.prepared == ("7", True)


def test_random_kills_from_outside_lose_no_task():
    killer = random.Random(3)
    supervisor = Supervisor(fake_handlers.make_scripted, 2)
    tasks = [task(n, dsp="stay:0.02", effnet="stay:0.02") for n in range(40)]
    answers = []
    for done in supervisor.run(tasks):
        answers.append(done)
        if killer.random() < 0.3 and supervisor._workers:
            os.kill(killer.choice(supervisor._workers).process.pid, signal.SIGKILL)
    assert sorted(done.task.key for done in answers) == list(range(40))
    for done in answers:
        assert set(done.results) | set(done.failures) == set(STEPS)


def test_a_killed_supervisor_takes_its_workers_along():
    script = (
        "import fake_handlers\n"
        "from engine.supervisor import Supervisor, Task\n"
        "tasks = [Task(1, ('fine', {}), ()), Task(2, ('stay:60', {}), ())]\n"
        "for done in Supervisor(fake_handlers.make_scripted, 1).run(tasks):\n"
        "    print(done.prepared['pid'], flush=True)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    worker = int(parent.stdout.readline())
    assert alive(worker)
    parent.kill()
    parent.wait()
    wait_for(lambda: not alive(worker), "the end of the worker")
