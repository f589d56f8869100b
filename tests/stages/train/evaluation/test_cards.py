"""Model cards: the committed ones and the page of all families are what the code writes today."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from assets.paths import PROJECT_ROOT
from assets.weights import WEIGHTS_FOLDER
from stages.train.evaluation.cards import MEASURED_NOTE, MEASURED_TITLE, compute_nearest_difference
from stages.train.evaluation.compare import (
    CARD_SECTION,
    EQUAL_BUDGET_HEAD,
    EQUAL_BUDGET_TITLE,
    PAGE_HEAD,
    add_report_to_card,
    extract_equal_budget_section,
    format_page,
)
from stages.train.evaluation.evaluate import EvaluationReport

CARDS = sorted(WEIGHTS_FOLDER.glob("*.md"))
FACTS = ["net", "licence", "data", "command", "conditions", "steps", "wall time", "precision", "parameters", "sha256"]


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.stem)
def test_a_committed_card_has_the_facts_and_sections_of_a_new_one(card: Path) -> None:
    text = card.read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z0-9 ]+) \|", text.partition("Recipe:")[0], re.MULTILINE)
    assert [name for name in FACTS if name in rows] == rows
    assert MEASURED_TITLE in text
    if not card.stem.startswith("body-") and not card.stem.endswith("-classifier"):
        measures = text.partition(f"{MEASURED_TITLE}\n")[2].partition("\n".join(MEASURED_NOTE))[0]
        assert re.findall(r"^\| ([a-z ]+) \| [\d.]+ \|$", measures, re.MULTILINE) == [
            "generated to test",
            "training to test",
            "variety of generated",
            "variety of test",
            "generated to nearest training image",
            "test to nearest training image",
        ]
    if CARD_SECTION in text:
        data = text.partition("test split of ")[2].partition(";")[0]
        report = EvaluationReport(card.stem, data, 300, {})
        head = add_report_to_card("", report, report).lstrip().splitlines()[:5]
        assert "\n".join(head) in text


def test_the_committed_page_has_the_prose_of_a_new_one() -> None:
    page = (PROJECT_ROOT / "docs" / "families.md").read_text(encoding="utf-8")
    empty = format_page([], {})
    assert page.startswith(PAGE_HEAD)
    assert empty[len(PAGE_HEAD) :].strip() in page
    section = extract_equal_budget_section(page)
    assert section.startswith(f"{EQUAL_BUDGET_TITLE}\n\n{EQUAL_BUDGET_HEAD.format(name='all', time='4m')}")
    assert set(re.findall(r"^##+ (\w+): 300 samples per family$", page, re.MULTILINE)) == {"bodies", "faces128", "skins128"}


def test_the_nearest_difference_is_in_grey_levels() -> None:
    images = np.full((2, 64, 64, 3), 100, np.uint8)
    references = np.stack([np.full((64, 64, 3), level, np.uint8) for level in (90, 130)])
    assert compute_nearest_difference(images, references) == pytest.approx(10, abs=0.01)
