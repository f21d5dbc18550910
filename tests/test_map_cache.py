"""Maps in files: made once, found again, kept as the library grows, and made anew when in doubt."""

import numpy as np
import pytest
from test_projection import clustered

from engine import map_cache
from engine.map_cache import folder_of, made, obtained


def test_the_second_time_it_is_read(tmp_path, monkeypatch):
    first = obtained(tmp_path, clustered(), "pca", 1)
    assert made(tmp_path) == {first.fingerprint: ("effnet", "pca")}
    monkeypatch.setattr(map_cache, "fit", None)
    monkeypatch.setattr(map_cache, "place", None)
    second = obtained(tmp_path, clustered(), "pca", 1)
    assert np.array_equal(first.xy, second.xy)
    assert second.fingerprint == second.fit.fingerprint == first.fingerprint
    assert second.fit.trustworthiness == first.fit.trustworthiness


def test_as_the_library_grows_the_map_stays(tmp_path, monkeypatch):
    old = obtained(tmp_path, clustered(100), "neighbours", 1)
    monkeypatch.setattr(map_cache, "fit", None)
    new = obtained(tmp_path, clustered(100 + 100, seed=1), "neighbours", 2)
    assert new.fingerprint == old.fingerprint
    assert len(new.xy) == 200
    assert len(made(tmp_path)) == 1


def test_a_library_of_three_times_the_size_gets_a_new_map_and_keeps_the_old_one(tmp_path):
    old = obtained(tmp_path, clustered(50), "pca", 1)
    new = obtained(tmp_path, clustered(151), "pca", 2)
    assert new.fingerprint != old.fingerprint
    assert set(made(tmp_path)) == {old.fingerprint, new.fingerprint}
    again = obtained(tmp_path, clustered(151), "pca", 2, old.fingerprint)
    assert again.fingerprint == old.fingerprint
    assert len(again.xy) == 151
    assert obtained(tmp_path, clustered(151), "pca", 2).fingerprint in made(tmp_path)


def test_other_embeddings_at_the_same_path_get_a_map_of_their_own(tmp_path):
    old = obtained(tmp_path, clustered(100), "pca", 1)
    other = clustered(100)
    turned = type(other).of("effnet", other.ids, other.matrix[:, ::-1].copy())
    assert obtained(tmp_path, turned, "pca", 2).fingerprint != old.fingerprint


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 not a map", None])
def test_a_damaged_file_is_made_anew(tmp_path, damage):
    first = obtained(tmp_path, clustered(), "pca", 1)
    (file,) = tmp_path.glob("*.npz")
    file.write_bytes(file.read_bytes()[:-500] if damage is None else damage)
    assert obtained(tmp_path, clustered(), "pca", 1).fingerprint == first.fingerprint
    assert map_cache._read(file) is not None


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    assert len(obtained(blocked / "maps", clustered(), "pca", 1).xy) == 300
    assert made(blocked / "maps") == {}


def test_no_more_than_some_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(map_cache, "KEPT", 2)
    for number, tracks in enumerate((10, 40, 160, 640)):
        obtained(tmp_path, clustered(tracks), "pca", number)
    assert len(made(tmp_path)) == 2
    assert not list(tmp_path.glob("*.unfinished"))


def test_rows_follow_the_tracks_that_are_asked_for(tmp_path):
    found = obtained(tmp_path, clustered(20), "pca", 1)
    rows = found.rows(np.array([20, 1, 999, 0]))
    assert np.array_equal(rows[:2], found.xy[[19, 0]])
    assert np.isnan(rows[2:]).all()


def test_each_library_has_a_folder_of_its_own_and_a_link_shares_it(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "one")
    assert folder_of(tmp_path / "one", tmp_path) == folder_of(tmp_path / "link", tmp_path)
    assert folder_of(tmp_path / "one", tmp_path) != folder_of(tmp_path / "two", tmp_path)
