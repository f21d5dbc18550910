"""Downloads, from a server on this machine: only the published file, whole, ever gets its name."""

import hashlib
import http.server
import threading
import urllib.request
from dataclasses import replace

import pytest

from engine import models_commands
from engine.model_fetch import fetch, open_https
from engine.models import MODELS, ModelError

CONTENT = bytes(range(256)) * 3000
KEYS = ("voice_head", "danceability_head")


class _Handler(http.server.BaseHTTPRequestHandler):
    """Serves `server.bodies` by path; a body may be announced longer than it is."""

    def do_GET(self):
        self.server.requested.append(self.path)
        if target := self.server.redirects.get(self.path):
            self.send_response(302)
            self.send_header("Location", target)
            self.end_headers()
            return
        body, announced = self.server.bodies.get(self.path, (None, 0))
        if body is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(announced))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Quiet."""


@pytest.fixture
def server(monkeypatch):
    """The server, and the table's first two files pinned to CONTENT, which it serves."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.bodies, server.redirects, server.requested = {}, {}, []
        for key in KEYS:
            row = replace(
                MODELS[key],
                url=f"https://example.test/{key}",
                bytes=len(CONTENT),
                sha256=hashlib.sha256(CONTENT).hexdigest(),
            )
            monkeypatch.setitem(MODELS, key, row)
            server.bodies[f"/{key}"] = (CONTENT, len(CONTENT))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def opener(server):
    def open_local(url):
        local = url.replace("https://example.test", f"http://127.0.0.1:{server.server_port}")
        return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(local, timeout=5)

    return open_local


def _files(folder):
    return sorted(path.name for path in folder.rglob("*"))


def test_fetched_files_are_verified_and_named(server, opener, tmp_path):
    found = fetch(KEYS, tmp_path / "new" / "models", opener)
    assert [f.key for f in found] == list(KEYS)
    for file in found:
        assert file.path.read_bytes() == CONTENT
        assert file.path.stat().st_mode & 0o777 == 0o644
    assert _files(tmp_path / "new" / "models") == sorted(MODELS[key].filename for key in KEYS)


def test_what_is_there_is_not_fetched_again(server, opener, tmp_path):
    fetch(KEYS[:1], tmp_path, opener)
    fetch(KEYS, tmp_path, opener)
    assert server.requested == [f"/{key}" for key in KEYS]


def test_a_wrong_file_is_replaced(server, opener, tmp_path):
    path = tmp_path / MODELS[KEYS[0]].filename
    path.write_bytes(b"an earlier attempt")
    fetch(KEYS[:1], tmp_path, opener)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("body", "announced", "reason"),
    [
        (CONTENT[:-1], len(CONTENT), "broke off"),
        (CONTENT[:-1], len(CONTENT) - 1, r"broke off after 767999 of 768000 bytes"),
        (b"", 0, "broke off after 0"),
        (CONTENT[::-1], len(CONTENT), "sha256 differs"),
        (CONTENT + b"x", len(CONTENT) + 1, "longer than the 768000 bytes"),
        (None, 0, "answers 404"),
    ],
    ids=["cut", "short", "empty", "wrong", "long", "gone"],
)
def test_anything_else_is_refused_and_removed(server, opener, tmp_path, body, announced, reason):
    """The other file is fetched all the same."""
    server.bodies[f"/{KEYS[0]}"] = (body, announced)
    with pytest.raises(ModelError, match=reason):
        fetch(KEYS, tmp_path, opener)
    assert _files(tmp_path) == [MODELS[KEYS[1]].filename]


def test_without_a_network_one_sentence_says_so(server, opener, tmp_path):
    server.shutdown()
    server.server_close()
    with pytest.raises(ModelError, match=r"cannot be reached .*put it into") as error:
        fetch(KEYS, tmp_path, opener)
    assert "\n" not in str(error.value)  # the second file was not tried
    assert _files(tmp_path) == []


def test_an_interrupted_download_leaves_nothing(server, tmp_path):
    class Interrupted:
        def __enter__(self):
            return self

        def __exit__(self, *exception):
            return None

        def read(self, size):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(KEYS, tmp_path, lambda url: Interrupted())
    assert _files(tmp_path) == []


def test_a_folder_that_cannot_be_written(server, opener, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match="cannot be written"):
        fetch(KEYS[:1], tmp_path / "file", opener)


def test_only_what_has_a_pin_and_an_https_address_is_fetched(server, opener, tmp_path, monkeypatch):
    with pytest.raises(ModelError, match="no published digest"):
        fetch(["effnet_pb"], tmp_path, opener)
    with pytest.raises(ModelError, match=r"comes with a package: .* -m pip install --no-deps"):
        fetch(["musicnn_data"], tmp_path, opener)
    monkeypatch.setitem(MODELS, KEYS[0], replace(MODELS[KEYS[0]], url="http://example.test/x"))
    with pytest.raises(ModelError, match="is not https"):
        fetch(KEYS[:1], tmp_path, opener)
    assert server.requested == _files(tmp_path) == []


def test_a_redirect_to_an_insecure_address_is_refused(server, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    server.bodies["/there"] = (CONTENT, len(CONTENT))
    server.redirects["/here"] = f"http://127.0.0.1:{server.server_port}/there"
    with pytest.raises(ModelError, match=r"/here leads to http://.*, which is not https"):
        open_https(f"http://127.0.0.1:{server.server_port}/here")
    assert server.requested == ["/here"]


def test_the_command(server, opener, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(models_commands, "fetch", lambda keys, dest: fetch(keys, dest, opener))
    arguments = ["fetch", *KEYS, "--models", str(tmp_path)]
    assert models_commands.main(arguments) == 0
    assert "2 files fetched and verified" in capsys.readouterr().out
    server.bodies.clear()
    (tmp_path / MODELS[KEYS[0]].filename).unlink()
    assert models_commands.main(arguments) == 1
    assert "answers 404" in capsys.readouterr().err
    assert models_commands.main(["fetch", "nothing"]) == 1
    assert "no model file nothing" in capsys.readouterr().err
