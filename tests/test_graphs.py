"""Recorded solves, with a recorder that repeats work on the CPU in place of a GPU's graphs."""

import logging
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from engine.information import likelihood, probes
from engine.information.divergence import Trace
from engine.information.fields import VelocityField
from engine.information.flow import VelocityNetwork
from engine.information.graphs import FEWEST_FRAMES, MOST_ROWS, CudaRecorder, Graphs
from engine.information.likelihood import Integration, log_likelihood

DIM, CONTEXT = 8, 16
FIXED_STEPS = [
    likelihood.FAST,
    likelihood.FAST_ON_SPHERE,
    likelihood.PUBLISHED,
    Integration("heun", 4, Trace("exact")),
    Integration("rk4", 3, Trace(deflate=True)),
]


class Repeated:
    """Repeats what was recorded, as a graph does: on the memory that it was recorded with."""

    def __init__(self, work, error=0.0):
        self._work, self.replays, self._error = work, 0, error

    def replay(self):
        self.replays += 1
        self._work()


class Recorder:
    def __init__(self, wrong=False, refuses=""):
        self.made, self._wrong, self._refuses = [], wrong, refuses

    def __call__(self, work, device):
        assert device.type == "cpu"
        if self._refuses:
            raise RuntimeError(self._refuses)
        work()
        self.made.append(Repeated((lambda: None) if self._wrong else work))
        return self.made[-1]


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(3)
    made = VelocityNetwork(DIM, CONTEXT, 16, 2, 16)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(0, 0.3)
    return made


def frames(count, seed=0):
    made = torch.Generator().manual_seed(seed)
    x = torch.randn(count, DIM, generator=made)
    return x, torch.randn(count, CONTEXT, generator=made), probes.frame_keys(1, 2, count)


@pytest.mark.parametrize("integration", FIXED_STEPS)
def test_repeated_solves_give_what_single_ones_do(network, integration):
    field, recorder = VelocityField(network), Recorder()
    graphs = Graphs(recorder)
    for round_, count in enumerate((200, 130, 256, 1, 77)):
        given = frames(count, round_)
        usual = log_likelihood(field, *given, integration, (1.0, 0.5))
        found = log_likelihood(field, *given, integration, (1.0, 0.5), graphs=graphs)
        torch.testing.assert_close(found, usual, rtol=1e-5, atol=1e-4)
        assert len(recorder.made) == (round_ > 0), "the second of a kind records, the others repeat"
    assert recorder.made[0].replays == 4


def test_each_number_of_frames_and_integration_has_a_graph_of_its_own(network):
    field, recorder = VelocityField(network), Recorder()
    graphs = Graphs(recorder)
    for count in (FEWEST_FRAMES, FEWEST_FRAMES + 1):
        for integration in (likelihood.FAST, Integration("euler", 3)):
            for times in ((1.0,), (0.7,)):
                for seed in range(3):
                    given = frames(count, seed)
                    found = log_likelihood(field, *given, integration, times, graphs=graphs)
                    usual = log_likelihood(field, *given, integration, times)
                    torch.testing.assert_close(found, usual, rtol=1e-5, atol=1e-4)
    assert len(recorder.made) == 8


def test_the_result_is_not_overwritten_by_the_next_solve(network):
    field, graphs = VelocityField(network), Graphs(Recorder())
    solved = [log_likelihood(field, *frames(10, seed), graphs=graphs) for seed in (0, 1, 2, 0)]
    torch.testing.assert_close(solved[3], solved[0], rtol=1e-5, atol=1e-4)
    assert not torch.allclose(solved[2], solved[3])


def test_inference_mode_may_change_between_solves(network):
    field, graphs = VelocityField(network), Graphs(Recorder())
    given = frames(10)
    for inference in (True, True, False, True):
        with torch.inference_mode(inference):
            found = log_likelihood(field, *given, graphs=graphs)
    torch.testing.assert_close(found.clone(), log_likelihood(field, *given), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    ("recorder", "told"),
    [
        (Recorder(wrong=True), "values of its own"),
        (Recorder(refuses="operation not permitted\nCompile with TORCH_USE_CUDA_DSA"), "permitted"),
    ],
)
def test_a_graph_that_fails_is_told_once_and_never_used(network, caplog, recorder, told):
    field, graphs = VelocityField(network), Graphs(recorder)
    with caplog.at_level(logging.WARNING):
        for seed in range(5):
            given = frames(20, seed)
            found = log_likelihood(field, *given, graphs=graphs)
            torch.testing.assert_close(found, log_likelihood(field, *given), rtol=1e-5, atol=1e-4)
    (record,) = caplog.records
    assert told in record.getMessage() and "\n" not in record.getMessage()
    assert sum(one.replays for one in recorder.made) <= 1


def test_frames_without_values_do_not_speak_against_a_graph(network, caplog):
    field, recorder = VelocityField(network), Recorder()
    graphs = Graphs(recorder)
    x, context, keys = frames(20)
    x[3] = torch.nan
    for _ in range(3):
        found = log_likelihood(field, x, context, keys, graphs=graphs)
    assert found.isnan()[0].nonzero().flatten().tolist() == [3]
    assert recorder.made[0].replays == 2 and not caplog.records


def test_what_takes_long_to_compute_is_not_recorded(network):
    field, recorder = VelocityField(network), Recorder()
    graphs = Graphs(recorder)
    exact, count = Integration("euler", 1, Trace("exact")), MOST_ROWS // (1 + DIM) + 1
    for _ in range(3):
        log_likelihood(field, *frames(count), exact, chunk=count, graphs=graphs)
    assert not recorder.made


@pytest.fixture
def nothing_kept():
    """Tensors with and without values do not go together."""
    probes._hadamard.cache_clear()
    yield
    probes._hadamard.cache_clear()


@pytest.mark.parametrize("integration", FIXED_STEPS)
@pytest.mark.usefixtures("nothing_kept")
def test_a_solve_never_waits_for_a_value(integration):
    """A graph cannot branch on what it computes; tensors without values cannot, either.

    Every step runs the same code: two of them stand for all.
    """
    integration = replace(integration, steps=2)
    with FakeTensorMode():
        made = VelocityNetwork(DIM, CONTEXT, 16, 2, 16)
        x, context = torch.empty(5, DIM), torch.empty(5, CONTEXT)
        keys = torch.empty(5, dtype=torch.int64)
        found = log_likelihood(VelocityField(made), x, context, keys, integration, (1.0, 0.5))
        assert found.shape == (2, 5)
        with pytest.raises(DataDependentOutputException):
            found.sum().item()


class Streams:
    """What the recorder uses of torch.cuda, without a GPU."""

    def __init__(self):
        self.now, self.recorded, self.pools = "usual", [], 0
        self.CUDAGraph = SimpleNamespace
        self.device = self.stream = self._stream

    def Stream(self):
        return SimpleNamespace(wait_stream=lambda other: None)

    def current_stream(self):
        return SimpleNamespace(wait_stream=lambda other: None, name=self.now)

    def set_stream(self, stream):
        self.now = stream.name

    def graph_pool_handle(self):
        self.pools += 1
        return 0, self.pools

    @contextmanager
    def _stream(self, chosen):
        yield

    @contextmanager
    def graph(self, graph, pool, stream, capture_error_mode):
        self.recorded.append((pool, stream))
        self.now = "of the recording"
        yield  # and where the work fails, the stream is left as it is
        self.now = "usual"


def test_recordings_share_a_stream_and_a_memory_and_leave_the_stream_as_it_was(monkeypatch):
    cuda = Streams()
    monkeypatch.setattr(torch, "cuda", cuda)
    recorder, device = CudaRecorder(), torch.device("cuda", 0)
    for _ in range(2):
        recorder(lambda: None, device)
    first, second = cuda.recorded
    assert first[0] == second[0] == (0, 1) and first[1] is second[1]

    def fails_when_recorded():
        if cuda.now != "usual":
            raise RuntimeError("operation not permitted when stream is capturing")

    with pytest.raises(RuntimeError):
        recorder(fails_when_recorded, device)
    assert cuda.now == "usual"
    recorder(lambda: None, torch.device("cuda", 1))
    assert cuda.recorded[-1][0] == (0, 2)
