"""Strategies that change valid files in the ways that break readers: at their lengths, counts, numbers, words and nesting.

A file is a seed and a short list of edits, so that hypothesis can shrink what it finds to the one edit that matters.
"""

from __future__ import annotations

import copy
import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

import yaml
from hypothesis import strategies as st

Edit = tuple[int, int, int]
"""What is done, where, and with which value: each taken modulo what there is."""

EDITS = st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 2**32), st.integers(0, 2**32)), min_size=1, max_size=4)
NUMBERS = (0, 1, 2, 7, 127, 128, 255, 256, 2**15, 2**16 - 1, 2**20, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1)
WORDS = (
    *b"0 -0 1 -1 1e400 -1e-400 nan inf 1_0 0x10 1e6 99999999999999999999 10000000 2147483648".split(),
    *b"{ } JOINT ROOT MOTION OFFSET CHANNELS Frames: HIERARCHY Hips Zrotation".split(),
    b"Frame Time:", b"End Site", b"\xff", b"\xe2\x80\xae", b"\xd9\xa1", b"\0", b"", b"\r", b"\x0c",
)  # fmt: skip
ODD_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1, 3, 2**31, 2**63, 2**70, -(2**70), 1.5, 1e308, float("inf"), float("-inf"), float("nan"),
    "", " ", "0", "1e5", "no", "null", "\u202e", "\x00", "a" * 3000, "../x", "/dev/zero", "{0}", "%s", "[red]", "林", "\ud800",
    "2020-01-01", [], {}, [[]], [None], {"a": 1}, [1] * 300,
)  # fmt: skip


def change_bytes(seeds: list[bytes]) -> st.SearchStrategy[bytes]:
    """Changed bytes, lengths and order of parts; half of the edits are in the first 256 bytes, where headers are."""
    return st.one_of(st.builds(_edit_bytes, st.sampled_from(seeds), EDITS, st.sampled_from(seeds)), st.binary(max_size=200))


def _edit_bytes(data: bytes, edits: list[Edit], other: bytes) -> bytes:
    for edit in edits:
        data = _edit_bytes_once(data, edit, other)
    return data[:200_000]


def _edit_bytes_once(data: bytes, edit: Edit, other: bytes) -> bytes:
    kind, at, value = edit
    place = (at >> 1) % (min(len(data), 256) + 1 if at % 2 else len(data) + 1)
    length = value % 64
    number = NUMBERS[value % len(NUMBERS)]
    kinds: tuple[Callable[[], bytes], ...] = (
        lambda: data[:place] + bytes([value % 256]) + data[place + 1 :],
        lambda: data[:place] + bytes([data[place] ^ (1 << value % 8)]) + data[place + 1 :] if place < len(data) else data,
        lambda: data[:place] + (number & 0xFFFFFFFF).to_bytes(4, "little") + data[place + 4 :],
        lambda: data[:place] + (number & 0xFFFFFFFF).to_bytes(4, "big") + data[place + 4 :],
        lambda: data[:place] + (number & 0xFFFF).to_bytes(2, "little") + data[place + 2 :],
        lambda: data[:place] + number.to_bytes(8, "big") + data[place + 8 :],
        lambda: data[:place] + data[place + length :],
        lambda: data[:place],
        lambda: data[:place] + data[place : place + length] * 2 + data[place + length :],
        lambda: data[:place] + bytes([value % 256]) * length + data[place:],
        lambda: data[:place] + other[place:],
        lambda: data[:place] + other[: 8 * length] + data[place:],
    )
    return kinds[kind % len(kinds)]()


def change_words(seeds: list[bytes]) -> st.SearchStrategy[bytes]:
    """A text file with other words and lines; also as plain bytes."""
    return st.one_of(st.builds(_edit_words, st.sampled_from(seeds), EDITS), change_bytes(seeds))


def _edit_words(data: bytes, edits: list[Edit]) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    for kind, at, value in edits:
        # Half of the edits are in the last ten lines, the rows of numbers.
        place = at % len(lines) if kind % 2 else len(lines) - 1 - at % min(len(lines), 10)
        words = lines[place].split(b" ")
        spot = value % len(words)
        match (kind >> 1) % 7:
            case 0 | 1:
                lines[place] = b" ".join([*words[:spot], WORDS[value % len(WORDS)], *words[spot + 1 :]])
            case 2:
                lines[place] = b" ".join([*words[:spot], WORDS[value % len(WORDS)] + b"\n", *words[spot:]])
            case 3:
                del lines[place : place + 1 + value % 3]
            case 4:
                lines[place:place] = lines[place : place + 1 + value % 12] * (1 + value % 40)
            case 5:
                other = value % len(lines)
                lines[place], lines[other] = lines[other], lines[place]
            case 6:
                lines[place] = b" ".join(words[:spot]) + b"\n"
        lines = lines[:5000] or [b""]
    return b"".join(lines)[:500_000]


def change_yaml(seeds: list[bytes]) -> st.SearchStrategy[bytes]:
    """A spec with other values, keys and nesting, as YAML or JSON; or with other characters."""
    trees = [yaml.safe_load(seed) for seed in seeds if _is_yaml(seed)]
    written = st.sampled_from((_write_yaml, _write_flow, _write_json))
    return st.one_of(
        st.builds(lambda tree, edits, write: write(_edit_tree(tree, edits)), st.sampled_from(trees), EDITS, written),
        st.builds(_edit_characters, st.sampled_from(seeds), EDITS), change_bytes(seeds),
    )  # fmt: skip


def _is_yaml(data: bytes) -> bool:
    try:
        return isinstance(yaml.safe_load(data), dict)
    except (yaml.YAMLError, ValueError, UnicodeDecodeError):
        return False


def _write_yaml(tree: Any) -> bytes:
    return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False).encode("utf-8", "surrogatepass")


def _write_flow(tree: Any) -> bytes:
    return yaml.safe_dump(tree, default_flow_style=True, sort_keys=False).encode("utf-8", "surrogatepass")


def _write_json(tree: Any) -> bytes:
    return json.dumps(tree).encode()


_MARKS = ("\t", ":", ": ", "- ", "#", " #", "&a", "*a", "!!python/object:x", "!", "|", ">", "{", "}", "[", "]", "'", '"', "---", "...",
          "%YAML 9.9", "\n", "\r", "\u2028", "\x85", "\ufeff", "?", "? ", "@", "`", "=", "<<: ", "~", ",", "\\", "0o7", "1_000",
          "1:30", "：", "“")  # fmt: skip


def _edit_characters(data: bytes, edits: list[Edit]) -> bytes:
    text = data.decode("utf-8", "replace")
    for kind, at, value in edits:
        place = at % (len(text) + 1)
        mark = _MARKS[value % len(_MARKS)] * (1 + (value >> 8) % (60 if kind % 8 == 0 else 1))
        text = text[:place] + mark + text[place + kind % 3 :]
    return text.encode("utf-8", "surrogatepass")


def _edit_tree(tree: Any, edits: list[Edit]) -> Any:
    """The tree with other values; the seed itself is left as it is."""
    tree = json.loads(json.dumps(tree, default=str))
    for kind, at, value in edits:
        places = list(_iterate_places(tree))
        if not places:
            break
        holder, key = places[at % len(places)]
        # A copy: later edits may change what is inside.
        odd = copy.deepcopy(ODD_VALUES[value % len(ODD_VALUES)])
        match kind % 6:
            case 0 | 1:
                holder[key] = odd
            case 2:
                del holder[key]
            case 3 if isinstance(holder, dict):
                holder[str(odd)[:50]] = holder.pop(key)
            case 4:
                nested = holder[key]
                for _ in range(value % 80):
                    nested = [nested] if value % 2 else {"a": nested}
                holder[key] = nested
            case _:
                if isinstance(holder[key], int | float) and not isinstance(holder[key], bool):
                    holder[key] = (holder[key], -holder[key], holder[key] + 1, holder[key] * 1000, NUMBERS[value % len(NUMBERS)])[value % 5]
                else:
                    holder[key] = odd
    return tree


def _iterate_places(tree: Any) -> Any:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, item in list(items):
        yield tree, key
        yield from _iterate_places(item)


def change_riff(seeds: list[bytes]) -> st.SearchStrategy[bytes]:
    """A RIFF file whose chunks are changed and whose lengths agree again; or plain bytes."""
    return st.one_of(st.builds(_edit_riff, st.sampled_from(seeds), EDITS), change_bytes(seeds))


def _edit_riff(data: bytes, edits: list[Edit]) -> bytes:
    chunks: list[tuple[bytes, bytes]] = []
    place = 12
    while place + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, place)
        chunks.append((name, data[place + 8 : place + 8 + size]))
        place += 8 + size + size % 2
    for kind, at, value in edits:
        if not chunks:
            break
        spot = at % len(chunks)
        name, content = chunks[spot]
        if kind % 4 == 0:
            del chunks[spot]
        elif kind % 4 == 1:
            chunks.insert(value % (len(chunks) + 1), (name, content))
        else:
            chunks[spot] = (name, _edit_bytes_once(content, (kind >> 2, value, at), content))
    body = b"".join(name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2) for name, content in chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def change_glb(seeds: list[bytes]) -> st.SearchStrategy[bytes]:
    """A GLB whose document is changed and whose lengths agree again; or plain bytes."""
    return st.one_of(st.builds(_edit_glb, st.sampled_from(seeds), EDITS), change_bytes(seeds))


def _edit_glb(data: bytes, edits: list[Edit]) -> bytes:
    try:
        size = struct.unpack_from("<I", data, 12)[0]
        document = _edit_tree(json.loads(data[20 : 20 + size]), edits)
    except (struct.error, ValueError, RecursionError):
        return data
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    rest = data[20 + size :]
    return struct.pack("<4sIIII", b"glTF", 2, 20 + len(text) + len(rest), len(text), 0x4E4F534A) + text + rest


def change_image(seeds: list[bytes]) -> st.SearchStrategy[bytes]:
    """A picture with changed bytes; a PNG also with checksums that agree again, as nothing else is looked at otherwise."""
    pngs = [seed for seed in seeds if seed.startswith(b"\x89PNG")]
    return st.one_of(st.builds(_edit_png, st.sampled_from(pngs), EDITS), change_bytes(seeds), change_bytes(seeds))


def _edit_png(data: bytes, edits: list[Edit]) -> bytes:
    chunks: list[tuple[bytes, bytes]] = []
    place = 8
    while place + 12 <= len(data):
        size, name = struct.unpack_from(">I4s", data, place)
        chunks.append((name, data[place + 8 : place + 8 + size]))
        place += 12 + size
    for kind, at, value in edits:
        spot = at % len(chunks)
        name, content = chunks[spot]
        names = (
            b"IHDR",
            b"PLTE",
            b"tRNS",
            b"IDAT",
            b"IEND",
            b"zTXt",
            b"iCCP",
            b"acTL",
            b"fcTL",
            b"fdAT",
            b"eXIf",
            b"gAMA",
            b"iTXt",
            b"pHYs",
        )
        if kind % 4 == 0:
            chunks.insert(value % (len(chunks) + 1), (names[at % len(names)], content))
        elif kind % 4 == 1:
            chunks[spot] = (names[value % len(names)], content)
        else:
            chunks[spot] = (name, _edit_bytes_once(content, (kind >> 2, value, at), content))
    body = b"".join(struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in chunks)
    return data[:8] + body
