"""Artefacts survive the codec, and other bytes are refused."""

import numpy as np
import pytest

from assets.artefacts.character import Identity
from assets.artefacts.geometry import Image, Skeleton
from assets.artefacts.motion import Clip, Motion
from assets.artefacts.talk import Dialogue, Line, Reply
from assets.codec import decode_artefact, encode_artefact
from assets.errors import StoreError
from assets.rights import Source


def identity(seed: int = 0) -> Identity:
    random = np.random.default_rng(seed)
    picture = Image(random.integers(0, 255, (8, 8, 3)).astype(np.uint8))
    latent = random.normal(size=4).astype(np.float32)
    return Identity(latent, picture, picture, 30.0, 0.5, 0.2, {"l-ear": 0.25}, (Source("a", "CC0-1.0", "b"),))


def test_arrays_and_nested_records_survive():
    before = identity()
    after = decode_artefact(encode_artefact(before), Identity)
    np.testing.assert_array_equal(after.latent, before.latent)
    np.testing.assert_array_equal(after.head.pixels, before.head.pixels)
    assert after.face == before.face
    assert after.sources == before.sources


def test_tuples_of_records_survive_as_tuples():
    before = Dialogue("林", "zh", (Line("hello", "你好。", "zh"),), (Reply("hello", ("你好吗?",)),), "hello", "overlap", {"a": 1.0})
    assert decode_artefact(encode_artefact(before), Dialogue) == before


def test_an_empty_array_keeps_its_shape():
    skeleton = Skeleton(("Hips",), np.array([-1], np.int32), np.zeros((1, 3), np.float32))
    clip = Clip("x", np.zeros(2, np.float32), np.zeros((2, 1, 4), np.float32), np.zeros((2, 3), np.float32), np.zeros((2, 0), np.float32))
    assert decode_artefact(encode_artefact(Motion(skeleton, (clip,))), Motion).clips[0].face.shape == (2, 0)


def test_equal_artefacts_give_equal_bytes():
    assert encode_artefact(identity(3)) == encode_artefact(identity(3))
    assert encode_artefact(identity(3)) != encode_artefact(identity(4))


@pytest.mark.parametrize("data", [b"", b"not tensors", b"\x80\x04pickle"])
def test_other_bytes_are_one_sentence(data):
    with pytest.raises(StoreError) as caught:
        decode_artefact(data, Identity)
    reason = caught.value.__cause__
    assert str(caught.value) == f"error[store/corrupt] cannot read a stored identity/1: {reason}; build again"


def test_another_kind_is_refused():
    with pytest.raises(StoreError) as caught:
        decode_artefact(encode_artefact(identity()), Dialogue)
    assert str(caught.value) == ("error[store/kind] expected an artefact of kind dialogue/1, found identity/1; build again with --force")
