"""Handlers for the supervisor that misbehave in the ways that native audio code does."""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path


def make_scripted():
    """A handler whose payload is a script: (how to prepare, {step: what to do})."""
    return Scripted()


class Scripted:
    about = ("fake",)

    def __call__(self, payload, steps, report):
        preparation, script = payload
        act(preparation)
        report.prepared({"pid": os.getpid()}, seconds=1.0)
        for step in steps:
            report.begin(step)
            act(script[step])
            report.result(step, (step, os.getpid()))


def act(what):
    """Do `what`: a word, or a word and its argument after a colon."""
    verb, _, argument = what.partition(":")
    ACTIONS[verb](argument)


def crash(_):
    print("the decoder fell over", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGSEGV)


def crash_once(marker):
    """Die the first time, as a neighbour's memory leak makes one die."""
    if not Path(marker).exists():
        Path(marker).write_text("was here")
        os.abort()


def hang_with_the_lock(_):
    """Sleep inside native code that holds the interpreter lock, as a NaN makes KeyExtractor do."""
    ctypes.PyDLL(None).sleep(3600)


def swallow_memory(_):
    held = []
    while True:
        held.append(b"x" * (16 << 20))
        time.sleep(0.005)


def swallow_at_once(_):
    bytearray(1 << 40)


def stay(argument):
    time.sleep(float(argument))


def chatter(_):
    for _ in range(20_000):
        print("warning: " + "x" * 90)
    os._exit(3)


def fail(argument):
    raise ValueError(argument)


ACTIONS = {
    "fine": lambda _: None,
    "crash": crash,
    "crash_once": crash_once,
    "hang": hang_with_the_lock,
    "swallow": swallow_memory,
    "swallow_at_once": swallow_at_once,
    "stay": stay,
    "chatter": chatter,
    "fail": fail,
}


def make_nothing():
    """A worker that cannot start, and says why."""
    raise ImportError("libtensorflow.so.2: cannot open shared object file")


def make_death():
    """A worker that is killed while it starts, as by an illegal instruction."""
    os.kill(os.getpid(), signal.SIGILL)


def make_environment_reader():
    """A handler that tells what it finds in its environment."""
    seen = os.environ.get("OMP_NUM_THREADS")

    def handler(payload, steps, report):
        report.prepared((seen, os.getsid(0) == os.getpid()))

    return handler


def make_second_preparation_crashes():
    """A handler that decodes only while all steps are still to be done."""
    scripted = Scripted()

    def handler(payload, steps, report):
        if len(steps) < 3:
            os.abort()
        scripted(payload, steps, report)

    return handler
