"""Whole solves as CUDA graphs.

On a large GPU the solve of a song takes longer to launch than to compute: some 3,500 kernels of a
few microseconds (midpoint, 16 steps). A graph launches them at once. It repeats exactly what it
recorded, on the same memory, so there is one for each number of frames (filled up to a power of
two), field and integration. The first solve of a kind runs as usual, since many kinds occur once;
the second records the graph and compares what it gives with the usual solve; where that fails, or
differs, a sentence is logged and this process records no more. (PyTorch may then keep memory that
it would have given back: a later shortage reads as a lost GPU, and its caller goes on without.)
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Protocol

import torch
from torch import Tensor

# Frames times rows (a frame's velocity, and each of its tangents). Beyond, arithmetic should take
# longer than launching it: an estimate of a millisecond an evaluation at the published size.
MOST_ROWS = 2**15
FEWEST_FRAMES = 256  # that a graph is for; fewer are filled up
KEPT = 32  # graphs; their working memory is shared
TOLERANCE = 1e-3  # nats; of sums of thousands, in float32

Solve = Callable[[Tensor, Tensor | None, Tensor], Tensor]  # x, context, keys → log p [times, N]

log = logging.getLogger(__name__)


class Recorded(Protocol):
    """Work on a device that can be repeated."""

    def replay(self) -> None: ...


Recorder = Callable[[Callable[[], None], torch.device], Recorded]


class CudaRecorder:
    """Records what some work launches on a GPU."""

    def __init__(self) -> None:
        # One memory for all graphs of a device, which never run at the same time and leave nothing
        # in it; PyTorch shares it between recordings on one stream only.
        self._held: dict[torch.device, tuple[torch.cuda.Stream, tuple[int, int]]] = {}

    def __call__(self, work: Callable[[], None], device: torch.device) -> Recorded:
        """Threads beside this one may go on using the GPU."""
        with torch.cuda.device(device):
            if device not in self._held:
                self._held[device] = torch.cuda.Stream(), torch.cuda.graph_pool_handle()
            stream, memory = self._held[device]
            before = torch.cuda.current_stream()
            stream.wait_stream(before)
            with torch.cuda.stream(stream):
                work()  # libraries prepare themselves once for each stream
            before.wait_stream(stream)
            graph = torch.cuda.CUDAGraph()
            try:
                with torch.cuda.graph(
                    graph, pool=memory, stream=stream, capture_error_mode="thread_local"
                ):
                    work()
            finally:  # after a fault PyTorch leaves the other stream in place
                torch.cuda.set_stream(before)
        return graph


class _Graph:
    """One recorded solve, with the memory that it reads and writes."""

    def __init__(self, solve: Solve, inputs: tuple[Tensor | None, ...], record: Recorder) -> None:
        # Written to again and again, so that they must not belong to the caller's inference mode.
        with torch.inference_mode(False), torch.no_grad():
            self._inputs = [None if one is None else torch.empty_like(one) for one in inputs]
            self._result: Tensor | None = None
            self._fill(inputs)
            self._recorded = record(lambda: self._work(solve), inputs[0].device)
            self._result.fill_(torch.nan)  # what is there now came from before the first replay

    def _work(self, solve: Solve) -> None:
        result = solve(*self._inputs)
        if self._result is None:
            self._result = torch.empty_like(result)
        self._result.copy_(result)

    def _fill(self, inputs: tuple[Tensor | None, ...]) -> None:
        """Of fewer frames than were recorded; what is beyond them nobody looks at."""
        for held, given in zip(self._inputs, inputs, strict=True):
            if held is not None:
                held[: len(given)].copy_(given)

    def __call__(self, inputs: tuple[Tensor | None, ...]) -> Tensor:
        with torch.inference_mode(False), torch.no_grad():
            self._fill(inputs)
            self._recorded.replay()
            return self._result.clone()


class Graphs:
    """The graphs of one field, made when a kind of solve comes up again."""

    def __init__(self, record: Recorder | None = None) -> None:
        self._record = record or CudaRecorder()
        self._held: OrderedDict[Hashable, _Graph | None] = OrderedDict()  # None: seen once
        self._usable = True
        self._lock = threading.Lock()

    def solved(
        self, solve: Solve, x: Tensor, context: Tensor | None, keys: Tensor, kind: Hashable,
        rows: int,
    ) -> Tensor:  # fmt: skip
        """What solve(x, context, keys) gives. `kind`: all else that it depends on, `rows` of
        working memory a frame."""
        with self._lock:
            return self._solved(solve, x, context, keys, kind, rows)

    def _solved(
        self, solve: Solve, x: Tensor, context: Tensor | None, keys: Tensor, kind: Hashable,
        rows: int,
    ) -> Tensor:  # fmt: skip
        frames = len(x)
        size = max(FEWEST_FRAMES, 1 << (frames - 1).bit_length())
        if not self._usable or size * rows > MOST_ROWS:
            return solve(x, context, keys)
        key = (kind, size)
        if key not in self._held:
            self._keep(key, None)
            return solve(x, context, keys)
        inputs = x, context, keys
        graph = self._held[key]
        if graph is None:
            full = tuple(None if one is None else _filled(one, size) for one in inputs)
            return self._first(key, solve, full)[:, :frames]
        self._held.move_to_end(key)
        return graph(inputs)[:, :frames]

    def _first(self, key: Hashable, solve: Solve, inputs: tuple[Tensor | None, ...]) -> Tensor:
        """Record, and trust the graph if it gives what the solve gives."""
        usual = solve(*inputs)
        try:
            graph = _Graph(solve, inputs, self._record)
            same = torch.allclose(graph(inputs), usual, rtol=0, atol=TOLERANCE, equal_nan=True)
        except RuntimeError as error:  # of CUDA, whose messages have many lines
            self._stop(f"could not be recorded: {str(error).partition(chr(10))[0]}")
            return usual
        if not same:
            self._stop("gave values of its own")
            return usual
        self._keep(key, graph)
        return usual

    def _keep(self, key: Hashable, graph: _Graph | None) -> None:
        self._held[key] = graph
        self._held.move_to_end(key)
        while len(self._held) > KEPT:
            self._held.popitem(last=False)

    def _stop(self, why: str) -> None:
        log.warning("the solver goes on without CUDA graphs, and slower: one %s", why)
        self._usable = False
        self._held.clear()


def _filled(values: Tensor, size: int) -> Tensor:
    """With zeros up to `size`; frames do not see one another."""
    result = values.new_zeros(size, *values.shape[1:])
    result[: len(values)] = values
    return result
