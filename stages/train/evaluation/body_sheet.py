"""Sheets of bodies: front views of body vectors side by side on one ground line, for the cards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Ints, Pixels
from assets.base_mesh import load_skin_triangles
from assets.mesh import cross_edges

PIXELS_PER_METRE = 110
CELL_HEIGHT, CELL_WIDTH = 260, 150
"""Pixels of one body's cell."""
LIGHT = (0.3, 0.5, 0.8)
"""Direction towards the light, of about unit length."""
SKIN_COLOUR = (214, 178, 156)
SUBPIXEL_BITS = 4
"""Fractional bits of OpenCV's fixed-point coordinates."""


def build_body_shape(vector: Floats, names: Sequence[str], age: float, gender: float) -> Any:
    """The Shape of a vector's build at age/100 and gender (0 female .. 1 male), which override the vector's own."""
    from stages.body.anny import Anny, load_baked_model
    from stages.body.phenotype import to_age_axis

    phenotypes = set(load_baked_model().names["phenotypes"])
    values = dict(zip(names, (float(v) for v in vector), strict=True))
    axes = {name: value for name, value in values.items() if name in phenotypes} | {"age": to_age_axis(100 * age), "gender": 1 - gender}
    return Anny().evaluate(axes, {name: value for name, value in values.items() if name not in phenotypes})


def draw_body_sheet(vectors: Floats, conditions: Floats, names: Sequence[str], columns: int = 8) -> Pixels:
    """(h,w,3) bodies of vectors (n,d) and conditions (n,2: age/100, gender), captioned with age and gender."""
    import cv2

    triangles, cells = load_skin_triangles(), []
    for vector, (age, gender) in zip(vectors, conditions, strict=True):
        cell = draw_front_view(build_body_shape(vector, names, float(age), float(gender)).positions, triangles)
        text = f"{100 * age:.0f} {'m' if gender >= 0.5 else 'f'}"
        cv2.putText(cell, text, (8, CELL_HEIGHT - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
        cells.append(cell)
    cells += [np.full((CELL_HEIGHT, CELL_WIDTH, 3), 255, np.uint8)] * (-len(cells) % columns)
    rows = [np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)]
    sheet: Pixels = np.vstack(rows)
    return sheet


def draw_front_view(positions: Floats, triangles: Ints) -> NDArray[np.uint8]:
    """(CELL_HEIGHT,CELL_WIDTH,3) the body from the front, lit from above, painted from back to front."""
    import cv2

    picture = np.full((CELL_HEIGHT, CELL_WIDTH, 3), 255, np.uint8)
    corners = positions[triangles]
    normal = cross_edges(corners)
    light = normal @ np.array(LIGHT) / np.maximum(np.linalg.norm(normal, axis=1), 1e-12)
    ground = positions[triangles.ravel(), 1].min()
    flat = np.stack(
        [CELL_WIDTH / 2 + PIXELS_PER_METRE * corners[..., 0], CELL_HEIGHT - 20 - PIXELS_PER_METRE * (corners[..., 1] - ground)], -1
    )
    fixed = np.round(flat * 2**SUBPIXEL_BITS).astype(np.int32)
    for index in np.argsort(corners[..., 2].mean(1)):
        if normal[index, 2] > 0:
            shade = 0.45 + 0.5 * max(float(light[index]), 0.0)
            cv2.fillConvexPoly(picture, fixed[index], tuple(shade * c for c in SKIN_COLOUR), cv2.LINE_AA, SUBPIXEL_BITS)
    return picture
