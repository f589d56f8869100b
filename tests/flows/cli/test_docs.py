"""The generated pages say what the code says."""

from pathlib import Path

import pytest

from flows.cli.docs import generate_pages, main
from flows.cli.engine_files import FOLDER, generate_engine_files

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", ["spec.md", "gates.md", "backends.md"])
def test_the_committed_page_is_what_the_code_generates(name):
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == generate_pages()[name], "run `python -m flows.cli.docs`"


def test_every_field_of_the_spec_has_its_row():
    page = generate_pages()["spec.md"]
    for field in ("name", "seed", "tone", "hair_colour", "lock_feet", "out_of_scope", "blink_rate", "turntable", "strict"):
        assert f"| `{field}` |" in page


def test_the_pages_are_written_into_a_folder(tmp_path):
    main(tmp_path)
    assert sorted(path.name for path in tmp_path.glob("*.md")) == sorted(generate_pages())
    assert sorted(path.name for path in (tmp_path / FOLDER).iterdir()) == sorted(generate_engine_files())


def test_picked_stands_only_where_something_is_picked():
    """The page said that a film, a consent record and a hat are picked where they are left out."""
    page = generate_pages()["spec.md"]
    for field in ("video", "bvh", "library", "consent", "hat", "model"):
        assert f"| `{field}` | text | none |" in page
    for field in ("hair", "greeting", "fallback"):
        assert f"| `{field}` | text | picked |" in page
    assert page.count("| `model` | text | none |") == 2
