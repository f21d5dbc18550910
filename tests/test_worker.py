"""What a worker makes of one file, without a process around it."""

import pytest

from engine import audio, worker


class Told:
    """A report that remembers."""

    def prepared(self, value, seconds=0.0):
        self.value = value

    def begin(self, step):
        raise AssertionError("a probe has no steps")

    result = begin


@pytest.mark.parametrize("surprise", [RecursionError("of a tag parser"), ValueError("odd")])
def test_a_surprise_of_a_parser_costs_the_probe_of_one_file(monkeypatch, surprise):
    def probe(path):
        raise surprise

    monkeypatch.setattr(audio, "probe", probe)
    told = Told()
    worker.make_prober()(b"a.mp3", (), told)
    assert told.value == worker.Prepared(None, None, None)
