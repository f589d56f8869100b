"""The store is atomic, verified and safe to share."""

import os
from pathlib import Path

import pytest

from assets import disk_space
from assets.artefact import Ref
from assets.artefacts.character import Identity
from assets.codec import encode_artefact
from assets.digest import sha256
from assets.errors import StoreError
from assets.store import PART_PREFIX, LocalStore, remove_abandoned_parts, write_atomic
from tests.assets.test_codec import identity


def age(store: LocalStore) -> None:
    """Makes everything in the store older than the hour that a sweep spares."""
    for path in (*store.root.glob("keys/*/*"), *store.root.glob("blobs/*/*")):
        os.utime(path, (0, 0))


def test_a_stored_artefact_is_found(store):
    ref = store.put("k" * 64, identity(), {"stage": "identity"})
    assert store.find("k" * 64)["digest"] == ref.digest == sha256(encode_artefact(identity()))
    assert store.get(ref, Identity).age == 30.0


def test_a_damaged_blob_counts_as_missing(store):
    ref = store.put("k" * 64, identity(), {"stage": "identity"})
    blob = store.root / "blobs" / ref.digest[:2] / ref.digest
    blob.write_bytes(b"flipped" + blob.read_bytes()[7:])
    assert store.find("k" * 64) is None
    assert store.is_damaged("k" * 64)
    with pytest.raises(StoreError) as caught:
        store.get(ref, Identity)
    assert str(caught.value) == f"error[store/corrupt] the identity/1 {ref.digest[:12]} in the store is damaged; build again"


def test_a_half_written_key_counts_as_missing(store):
    store.put("k" * 64, identity(), {"stage": "identity"})
    (store.root / "keys" / "kk" / ("k" * 64 + ".json")).write_text('{"kind": "iden')
    assert store.find("k" * 64) is None


def test_a_missing_blob_is_one_sentence(store):
    with pytest.raises(StoreError) as caught:
        store.get(Ref("identity/1", "0" * 64), Identity)
    assert str(caught.value) == "error[store/missing] the identity/1 000000000000 is not in the store; build again"


def test_a_failed_write_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    monkeypatch.setattr(disk_space, "measure_free_bytes", lambda path: 40_000)
    with pytest.raises(StoreError) as caught:
        write_atomic(tmp_path / "a" / "b", bytes(1_230_000))
    assert str(caught.value) == (
        f"error[store/write] cannot write {tmp_path}/a/b: No space left on device (it needs 1.3 MB, 0.1 MB are free); "
        "free some disk space, e.g. by `fenshen cache gc --days 30`, or choose another folder"
    )
    assert list((tmp_path / "a").iterdir()) == []


def test_a_written_file_has_the_permissions_of_the_umask(tmp_path):
    (tmp_path / "plain").write_bytes(b"x")
    write_atomic(tmp_path / "atomic", b"x")
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_sweep_removes_old_results_and_keeps_new_ones(store):
    store.put("a" * 64, identity(1), {"stage": "identity"})
    store.put("b" * 64, identity(2), {"stage": "identity"})
    old = store.root / "keys" / "aa" / ("a" * 64 + ".json")
    os.utime(old, (0, 0))
    for blob in store.root.glob("blobs/*/*"):
        os.utime(blob, (0, 0))
    files, size = store.sweep(older_than_s=60)
    assert files == 2
    assert size > 0
    assert store.find("a" * 64) is None
    assert store.find("b" * 64) is not None


def test_a_sweep_by_size_removes_the_oldest_first(store):
    store.put("a" * 64, identity(1), {"stage": "identity"})
    ref = store.put("b" * 64, identity(2), {"stage": "identity"})
    age(store)
    store.sweep(keep_bytes=store.find("b" * 64)["bytes"])
    assert store.find("a" * 64) is None
    assert LocalStore(store.root).find("b" * 64)["digest"] == ref.digest


def test_a_sweep_to_size_0_removes_everything_that_no_build_uses(store):
    """The keys were removed, but every blob stayed for the hour of grace."""
    for letter in "abc":
        store.put(letter * 64, identity(ord(letter)), {"stage": "identity"})
    age(store)
    size = sum(blob.stat().st_size for blob in store.root.glob("blobs/*/*"))
    assert store.sweep(keep_bytes=0) == (6, size)
    assert list(store.root.glob("*/*/*")) == []


def test_a_blob_stays_as_long_as_one_key_refers_to_it(store):
    ref = store.put("a" * 64, identity(), {"stage": "identity"})
    store.put("b" * 64, identity(), {"part": "identity/twin"})
    os.utime(store.root / "keys" / "aa" / ("a" * 64 + ".json"), (0, 0))
    assert store.sweep(older_than_s=60) == (1, 0)
    assert store.get(ref, Identity).age == 30.0


def test_a_sweep_keeps_a_blob_whose_key_another_build_is_about_to_write(store, monkeypatch):
    """Both if the blob never had a key, and if its old key is removed meanwhile."""
    store.put("a" * 64, identity(1), {"stage": "identity"})
    os.utime(store.root / "keys" / "aa" / ("a" * 64 + ".json"), (0, 0))
    with monkeypatch.context() as patch:
        patch.setattr(LocalStore, "_key_path", lambda self, key: self.root / "unwritten")
        for number in (1, 2):
            store.put("c" * 64, identity(number), {"stage": "identity"})
    assert store.sweep(keep_bytes=0) == (1, 0)
    assert len(list(store.root.glob("blobs/*/*"))) == 2


def test_two_concurrent_sweeps_do_not_collide(store, monkeypatch):
    """The second raised FileNotFoundError for files that the first had removed."""
    for letter in "abc":
        store.put(letter * 64, identity(ord(letter)), {"stage": "identity"})
    glob = Path.glob

    def slow(self, pattern):
        """The other sweep runs between a listing and the reading of its entries."""
        found = list(glob(self, pattern))
        with monkeypatch.context() as patch:
            patch.setattr(Path, "glob", glob)
            store.sweep(keep_bytes=0)
        return iter(found)

    age(store)
    monkeypatch.setattr(Path, "glob", slow)
    assert store.sweep(keep_bytes=0) == (0, 0)


def test_a_blob_without_a_key_is_an_orphan(store):
    store.put("k" * 64, identity(1), {"stage": "identity"})
    ref = store.put("o" * 64, identity(2), {"stage": "identity"})
    (store.root / "keys" / "oo" / ("o" * 64 + ".json")).unlink()
    assert [path.name for path, _ in store.find_orphans()] == [ref.digest]


def test_age_is_counted_from_the_last_use(store):
    store.put("k" * 64, identity(), {"stage": "identity"})
    store.put("u" * 64, identity(), {"stage": "identity"})
    for path in store.root.glob("keys/*/*.json"):
        os.utime(path, (0, 0))
    assert store.find("u" * 64) is not None
    store.sweep(older_than_s=3600)
    assert [key for key, _ in store.list_records()] == ["u" * 64]


def test_unfinished_files_of_a_killed_build_are_swept(store):
    store.put("k" * 64, identity(), {"stage": "identity"})
    torn = [store.root / "keys" / "kk" / ".part-1", next(store.root.glob("blobs/*")) / ".part-2"]
    for path in torn:
        path.write_bytes(b"half")
        os.utime(path, (0, 0))
    assert store.sweep() == (2, 8)
    assert store.find("k" * 64) is not None


@pytest.mark.parametrize("text", ["[1]", "{}", "half a rec"])
def test_an_invalid_record_is_skipped(store, text):
    store.put("k" * 64, identity(), {"stage": "identity"})
    (store.root / "keys" / "kk" / ("k" * 64 + ".json")).write_text(text)
    assert list(store.list_records()) == []


def test_a_sweep_spares_what_a_running_build_may_need(store):
    """It removed the results of finished stages, and the next stage of the running build failed."""
    ref = store.put("a" * 64, identity(), {"stage": "identity"})
    assert store.sweep(older_than_s=0, keep_bytes=0) == (0, 0)
    assert store.get(ref, Identity).age == 30.0


def test_an_artefact_without_a_key_is_read_and_not_found(store):
    ref = store.put_unkeyed(identity())
    assert store.get(ref, Identity).age == 30.0
    assert list(store.list_records()) == []


def test_a_record_under_another_key_counts_as_damaged(store):
    """Two files were mixed up: a build was served the other result of the same kind."""
    for letter, years in (("a", 1), ("b", 2)):
        store.put(letter * 64, identity(years), {"stage": "identity"})
    keys = {letter: store.root / "keys" / (letter * 2) / (letter * 64 + ".json") for letter in "ab"}
    keys["b"].write_bytes(keys["a"].read_bytes())
    assert store.find("b" * 64) is None
    assert list(store.find_damage()) == [("b" * 64, "its record is damaged or that of another key")]


def test_a_record_that_names_another_blob_counts_as_damaged(store):
    first = store.put("a" * 64, identity(1), {"stage": "identity"})
    second = store.put("b" * 64, identity(2), {"stage": "identity"})
    path = store.root / "keys" / "bb" / ("b" * 64 + ".json")
    path.write_text(path.read_text().replace(second.digest, first.digest))
    assert store.is_damaged("b" * 64)


@pytest.mark.parametrize(("damage", "reason"), [
    (lambda key, blob: key.write_bytes(b""), "its record cannot be read"),
    (lambda key, blob: key.write_bytes(key.read_bytes()[:40]), "its record cannot be read"),
    (lambda key, blob: key.write_text('{"kind": 1, "digest": []}'), "its record cannot be read"),
    (lambda key, blob: blob.unlink(), "its blob is missing"),
    (lambda key, blob: blob.write_bytes(b""), "its blob is damaged"),
])  # fmt: skip
def test_each_damage_is_found(store, damage, reason):
    """`cache verify` passed torn and empty records: it listed only those that it could read."""
    ref = store.put("k" * 64, identity(), {"stage": "identity"})
    damage(store.root / "keys" / "kk" / ("k" * 64 + ".json"), store.root / "blobs" / ref.digest[:2] / ref.digest)
    assert store.is_damaged("k" * 64)
    assert list(store.find_damage()) == [("k" * 64, reason)]


def test_a_damaged_blob_of_the_same_size_and_time_is_found(store):
    ref = store.put("k" * 64, identity(), {"stage": "identity"})
    assert store.find("k" * 64)
    blob = store.root / "blobs" / ref.digest[:2] / ref.digest
    status = blob.stat()
    blob.write_bytes(b"flipped" + blob.read_bytes()[7:])
    os.utime(blob, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert store.is_damaged("k" * 64)


def test_every_changed_byte_of_a_record_is_found(store):
    """Only some fields were sealed: a changed number of seconds ended `plan` with a traceback, another kind of change went unnoticed."""
    store.put("k" * 64, identity(), {"stage": "identity", "seconds": 1.5, "options": {"hair": "bob"}})
    path = store.root / "keys" / "kk" / ("k" * 64 + ".json")
    whole = path.read_bytes()
    for place, byte in enumerate(whole):
        path.write_bytes(whole[:place] + bytes([byte ^ 1]) + whole[place + 1 :])
        assert store.find("k" * 64) is None, (place, chr(byte))
    path.write_bytes(whole)
    assert store.find("k" * 64)


@pytest.mark.parametrize("value", ["NaN", "1e999", '"\\ud800"'])
def test_a_record_with_a_value_that_json_does_not_have_is_damaged(store, value):
    store.put("k" * 64, identity(), {"stage": "identity", "seconds": 1.5})
    path = store.root / "keys" / "kk" / ("k" * 64 + ".json")
    path.write_text(path.read_text().replace("1.5", value))
    assert store.is_damaged("k" * 64)
    assert list(store.list_records()) == []


@pytest.mark.parametrize("what", ["record", "blob"])
@pytest.mark.parametrize("damage", ["folder", "dangling link", "circular link"])
def test_what_is_in_the_place_of_a_file_is_damage_and_is_replaced(store, what, damage):
    """A folder there ended every later build; a dangling link in the place of a record was rebuilt without a word."""
    ref = store.put("k" * 64, identity(), {"stage": "identity"})
    path = {"record": store.root / "keys" / "kk" / ("k" * 64 + ".json"), "blob": store.root / "blobs" / ref.digest[:2] / ref.digest}[what]
    path.unlink()
    if damage == "folder":
        (path / "below").mkdir(parents=True)
    else:
        path.symlink_to("nowhere" if damage == "dangling link" else path.name)
    assert store.is_damaged("k" * 64)
    assert [key for key, _ in store.find_damage()] == ["k" * 64]
    assert store.put("k" * 64, identity(), {"stage": "identity"}) == ref
    assert store.find("k" * 64)
    assert list(store.find_damage()) == []


def test_a_file_in_the_place_of_a_folder_is_replaced(store):
    store.root.mkdir()
    (store.root / "keys").mkdir()
    (store.root / "keys" / "kk").write_bytes(b"")
    store.put("k" * 64, identity(), {"stage": "identity"})
    assert store.find("k" * 64)


def test_a_sweep_removes_what_is_in_the_place_of_a_file(store):
    """It ended with IsADirectoryError, and with ValueError for a record whose size was no number."""
    ref = store.put("a" * 64, identity(1), {"stage": "identity"})
    store.put("b" * 64, identity(2), {"stage": "identity"})
    blob = store.root / "blobs" / ref.digest[:2] / ref.digest
    blob.unlink()
    blob.mkdir()
    record = store.root / "keys" / "bb" / ("b" * 64 + ".json")
    record.write_text(record.read_text().replace('"bytes": ', '"bytes": "many", "was": '))
    age(store)
    store.sweep(older_than_s=0)
    assert list(store.root.glob("*/*/*")) == []


def test_a_result_that_a_build_finds_during_a_sweep_stays(store, monkeypatch):
    """The sweep had listed it as old; the build found it, and the sweep removed it before it was read."""
    ref = store.put("a" * 64, identity(), {"stage": "identity"})
    age(store)
    list_uses = LocalStore._list_uses

    def find_meanwhile(self):
        uses = list(list_uses(self))
        assert self.find("a" * 64)
        return iter(uses)

    monkeypatch.setattr(LocalStore, "_list_uses", find_meanwhile)
    assert store.sweep(older_than_s=0) == (0, 0)
    assert store.get(ref, Identity).age == 30.0


def test_a_blob_that_a_build_writes_during_a_sweep_stays(store, monkeypatch):
    """It was an old blob without a key when the sweep listed it; the build stored the same result under a new key."""
    store.put("a" * 64, identity(), {"stage": "identity"})
    (store.root / "keys" / "aa" / ("a" * 64 + ".json")).unlink()
    age(store)
    find_orphans = LocalStore.find_orphans

    def put_meanwhile(self):
        orphans = list(find_orphans(self))
        self.put("b" * 64, identity(), {"stage": "identity"})
        return iter(orphans)

    monkeypatch.setattr(LocalStore, "find_orphans", put_meanwhile)
    assert store.sweep() == (0, 0)
    assert store.find("b" * 64)


def test_the_unfinished_file_of_a_killed_writer_goes_and_that_of_a_living_one_stays(tmp_path, monkeypatch):
    """A killed training left its half checkpoint in the folder for ever."""
    abandoned, new = (tmp_path / f"{PART_PREFIX}{name}" for name in ("abandoned", "new"))
    for path in (abandoned, new):
        path.write_bytes(b"half")
    os.utime(abandoned, (0, 0))
    replace = os.replace

    def sweep_meanwhile(source, target):
        os.utime(source, (0, 0))
        remove_abandoned_parts(tmp_path)
        replace(source, target)

    monkeypatch.setattr(os, "replace", sweep_meanwhile)
    write_atomic(tmp_path / "file", b"whole")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": b"whole", new.name: b"half"}
