"""Finding people that are small, many or seen late: landmarks in enlarged parts of a frame, one chosen person followed from part to part.

The landmark model sees the whole picture at 224 pixels and misses people who are lower than a third of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from assets.artefacts.geometry import Floats, Pixels
from stages.motion.crops import crop_square

Choice = Literal["left", "right", "largest"]
Detect = Callable[[Pixels], "list[Person]"]
RIVAL_SHARE = 0.6
"""Of the largest person's height, above which somebody else may be meant as well."""
_TILE_SHARES = (0.5, 0.25)
"""Sides of the searched squares, of the picture's longer side."""
_SEEN_SHARE = 0.55
"""Of the side of a picture: the height above which a person in it is found."""
_SAME_PERSON = 0.35
"""Of the larger one's height: the distance of two middles below which two detections are one person."""
_SAME_SHARE = 0.5
"""Of the smaller one's box that is inside the other's: a part of who squats or bends is taken for somebody smaller."""
_INSIDE_SHARE = 0.85
"""Of a person's landmarks that must be inside the searched part: what is cut off is guessed."""
_CROP_HEIGHTS = 1.6
"""Side of the square around a followed person, in heights."""
_CROP_SIDE = 512
_MAX_STEP = 0.45
"""Of the height by which a followed person's middle may move from one frame to the next."""
_MIN_HEIGHT_PX = 24.0
"""Below it a person is a few blocks of the video codec."""


@dataclass(frozen=True)
class Person:
    """One detected body."""

    image_points: Floats
    """(33,2) px."""
    world_points: Floats
    """(33,3) metres, as in LandmarkTrack."""

    @property
    def middle(self) -> Floats:
        """(2,) px, between shoulders and hips."""
        return np.asarray(self.image_points[[11, 12, 23, 24]].mean(0), np.float32)

    @property
    def height(self) -> float:
        """Pixels: the longer side of the landmarks' box."""
        return float(np.ptp(self.image_points, axis=0).max())


def find_people(detect: Detect, pixels: Pixels) -> list[Person]:
    """Everybody in a frame, largest first; parts of the frame are searched only where people of about the same size may be missed."""
    side = max(pixels.shape[:2])
    found = _drop_doubles(detect(pixels))
    for share in _TILE_SHARES:
        # Nobody of nearly that height is missed in squares of twice the height.
        if found and max(person.height for person in found) * RIVAL_SHARE > share * _SEEN_SHARE * side:
            break
        for x, y, size in _list_tiles(pixels, max(round(share * side), 1)):
            tile = pixels[y : y + size, x : x + size]
            for person in detect(tile):
                inside = ((person.image_points >= 0) & (person.image_points <= tile.shape[1::-1])).all(1).mean()
                if inside >= _INSIDE_SHARE:
                    found.append(_move(person, 1.0, np.array([x, y], np.float32)))
        found = _drop_doubles(found)
    return sorted((p for p in found if p.height >= _MIN_HEIGHT_PX), key=lambda p: -p.height)


def _list_tiles(pixels: Pixels, size: int) -> list[tuple[int, int, int]]:
    """(x, y, side) of squares that overlap by half and cover the picture."""
    starts = []
    for length in (pixels.shape[1], pixels.shape[0]):
        count = max(1, int(np.ceil((length - size) / (size / 2))) + 1)
        starts.append(np.linspace(0, max(length - size, 0), count).round().astype(int))
    return [(int(x), int(y), size) for y in starts[1] for x in starts[0]]


def _drop_doubles(people: Sequence[Person]) -> list[Person]:
    """The people without second detections of the same one; the earlier detection saw more of the picture and stays."""
    kept: list[Person] = []
    for person in people:
        if not any(_is_same(person, other) for other in kept):
            kept.append(person)
    return kept


def _is_same(one: Person, other: Person) -> bool:
    """Whether two detections are of one person: near to each other, or one mostly within the other."""
    if np.linalg.norm(one.middle - other.middle) < _SAME_PERSON * max(one.height, other.height):
        return True
    boxes = [np.stack([p.image_points.min(0), p.image_points.max(0)]) for p in (one, other)]
    common = np.maximum(np.minimum(boxes[0][1], boxes[1][1]) - np.maximum(boxes[0][0], boxes[1][0]), 0).prod()
    smaller = min(float((box[1] - box[0]).prod()) for box in boxes)
    return bool(common > _SAME_SHARE * max(smaller, 1.0))


def choose_person(people: Sequence[Person], choice: Choice) -> Person:
    """The person at the left or the right of the picture, or the largest; people much smaller than that one do not count."""
    largest = max(people, key=lambda p: p.height)
    near = [p for p in people if p.height >= RIVAL_SHARE * largest.height]
    if choice == "largest":
        return largest
    return (min if choice == "left" else max)(near, key=lambda p: float(p.middle[0]))


def count_rivals(people: Sequence[Person]) -> int:
    """How many people of about the largest one's height there are, that one included."""
    return sum(p.height >= RIVAL_SHARE * max(q.height for q in people) for p in people)


def follow_person(detect: Detect, pixels: Pixels, last: Person) -> Person | None:
    """The same person in the next or the previous frame, searched in an enlarged square around where it was."""
    side = _CROP_HEIGHTS * last.height
    corner = np.asarray((last.image_points.max(0) + last.image_points.min(0)) / 2 - side / 2, np.float32)
    crop = crop_square(pixels, corner, side, _CROP_SIDE, repeat_edge=True)
    people = [_move(person, side / _CROP_SIDE, corner) for person in detect(crop)]
    near = [p for p in people if np.linalg.norm(p.middle - last.middle) < _MAX_STEP * last.height and 0.5 < p.height / last.height < 2.0]
    return min(near, key=lambda p: float(np.abs(p.image_points - last.image_points).mean()), default=None)


def _move(person: Person, scale: float, corner: Floats) -> Person:
    return Person((person.image_points * scale + corner).astype(np.float32), person.world_points)
