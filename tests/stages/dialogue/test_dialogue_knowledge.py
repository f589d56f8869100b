"""Documents to passages: what is spoken word for word, where it stands, and one sentence for what cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.artefacts.talk import Dialogue
from assets.errors import FormatError
from assets.spec.behaviour import FactSpec, KnowledgeSpec, PersonaSpec
from stages.dialogue.knowledge.pdf_text import read_pdf_pages
from stages.dialogue.knowledge.read import list_knowledge_sources, read_knowledge, read_passages
from stages.dialogue.knowledge.sentences import group_sentences, split_sentences
from stages.dialogue.stage import BACKENDS, run
from stages.package.talk_files import describe_dialogue

GUIDE = """# Lighthouse

The lighthouse was built in 1872. It has 214 steps, and no lift.

## Visits

Dogs must stay outside,
unless they are guide dogs. <!-- not said --> Ask [the keeper](https://example.org) for `keys`.

You may bring:

- water
- a camera without a flash

| Ticket | Price |
|---|---|
| Adult | 6 euros |
| Child | |

```
never spoken
```
"""


ENCODING = "error[knowledge/encoding] the text is neither UTF-8 nor UTF-16 with a byte order mark nor GB18030; save it as UTF-8"
SPLIT = "split it into sentences of at most 500 characters"


def read(folder: Path, name: str, data: str | bytes, language: str = "en") -> list[tuple[str, int]]:
    """(passage, place) of a file with these contents."""
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return [(passage.text, passage.source.number) for passage in read_passages(path, language)]


def refuse(folder: Path, name: str, data: str | bytes, language: str = "en") -> str:
    """The sentence with which it is refused."""
    with pytest.raises(FormatError) as caught:
        read(folder, name, data, language)
    return str(caught.value)


# What is spoken


def test_markdown_is_read_as_one_says_it_with_its_lines_and_headings(tmp_path: Path) -> None:
    assert read(tmp_path, "guide.md", GUIDE) == [
        ("The lighthouse was built in 1872. It has 214 steps, and no lift.", 3),
        ("Dogs must stay outside, unless they are guide dogs. Ask the keeper for keys.", 7),
        ("You may bring: water", 12),
        ("You may bring: a camera without a flash", 13),
        ("Ticket: Adult. Price: 6 euros.", 17),
        ("Ticket: Child.", 18),
    ]
    assert [passage.topic for passage in read_passages(tmp_path / "guide.md", "en")][:2] == ["Lighthouse", "Lighthouse Visits"]


def test_text_is_split_at_blank_lines_and_between_sentences_never_within_one(tmp_path: Path) -> None:
    long = " ".join(f"This is sentence number {number} of a paragraph that is long." for number in range(1, 6))
    found = read(tmp_path, "a.txt", f"First line\nof a paragraph.\n\n\n{long}\n")
    assert found[0] == ("First line of a paragraph.", 1)
    assert [text.count("sentence number") for text, _ in found[1:]] == [3, 2]
    assert " ".join(text for text, _ in found[1:]) == long


def test_abbreviations_numbers_and_quotes_end_no_sentence() -> None:
    text = 'Dr. Smith opens at 9.30 a.m. on Mondays. "Come in!" he says. No. 5 is e.g. closed.'
    assert [sentence for _, sentence in split_sentences(text)] == [
        "Dr. Smith opens at 9.30 a.m. on Mondays.",
        '"Come in!" he says.',
        "No. 5 is e.g. closed.",
    ]
    assert [passage for _, passage in group_sentences("他说：“来吧！”我们走。好的。再见。")] == ["他说：“来吧！”我们走。好的。", "再见。"]


def test_a_row_of_a_table_is_a_passage_of_its_columns(tmp_path: Path) -> None:
    table = 'Name;Food;Opens\nThe Anchor;"fish; chips";at noon\n;;\nBlue Cup;;at eight!\n'
    assert read(tmp_path, "cafes.csv", table) == [
        ("Name: The Anchor. Food: fish; chips. Opens: at noon.", 2),
        ("Name: Blue Cup. Opens: at eight!", 4),
    ]
    assert read(tmp_path, "zh.csv", "名称,价格\n门票,八元\n", "zh") == [("名称：门票。价格：八元。", 2)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_chinese_text_of_each_known_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    text = "博物馆每天上午十点开门，\n星期一除外。\r\n\r\n门票八元。"
    assert read(tmp_path, "a.txt", text.encode(encoding), "zh") == [("博物馆每天上午十点开门，星期一除外。", 1), ("门票八元。", 4)]


def test_pages_are_paragraphs_across_page_ends_without_headings_and_numbers() -> None:
    pages = (
        "Opening hours\nThe museum is open from ten until six o'clock on every day, and\nnever on Mondays.\n"
        "The tower is closed in snow, as its\n3",
        "stairs are then too slippery for anybody to climb them, with or without shoes.\nPage 2 of 2",
    )
    found = [(" ".join(part.text for part in block.parts), block.parts[0].place, block.topic) for block in read_pdf_pages(pages)]
    assert found == [
        ("The museum is open from ten until six o'clock on every day, and never on Mondays.", 1, "Opening hours"),
        (
            "The tower is closed in snow, as its stairs are then too slippery for anybody to climb them, with or without shoes.",
            1,
            "Opening hours",
        ),
    ]


def test_what_nobody_sees_is_dropped_and_marks_are_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text('Write <break time="9s"/> for a pause \u202eand \ue000nothing\u00ad else.', encoding="utf-8")
    dialogue = make_dialogue(tmp_path / "a.txt")
    line = next(line for line in dialogue.lines if line.source)
    assert line.text == 'Write <break time="9s"/> for a pause and nothing else.'
    assert line.spoken == 'Write &lt;break time="9s"/&gt; for a pause and nothing else.'


# What is refused


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.txt", b"caf\xe9 is open", f"a.txt:1: {ENCODING}"),
        ("a.txt", "Fürth und Müller".encode("latin-1"), f"a.txt:1: {ENCODING}"),
        ("a.txt", "Hello there.".encode("utf-16-le"),
         "a.txt:1: error[knowledge/encoding] the file has zero bytes: "
         "it is not text, or UTF-16 without a byte order mark; save it as UTF-8"),
        ("a.txt", b" \n - \n",
         "a.txt: error[knowledge/empty] the file has no text that can be spoken; write sentences into it, or remove it"),
        ("a.docx", b"PK",
         "a.docx: error[knowledge/kind] '.docx' is no kind of file that can be read; use one of .md, .markdown, .txt, .csv, .tsv, .pdf"),
        ("a.csv", "a,b\n1,2\n1,2,3\n",
         "a.csv: error[knowledge/table] row 3 has 3 values, and there are 2 columns; put values that contain the separator in quotes"),
        ("a.csv", "a,a\n1,2\n", "a.csv: error[knowledge/table] two columns are called a; name each column in row 1"),
        ("a.csv", "a,\n1,2\n", "a.csv: error[knowledge/table] column 2 has no name; name each column in row 1"),
        ("a.csv", 'a,b\n"1,2\n',
         "a.csv: error[knowledge/table] the table cannot be read: unexpected end of data; "
         'put values with quotation marks in quotes and double the marks: "a ""b"" c"'),
        ("a.md", "# Hi\n\n你好，世界。\n",
         "a.md:3: error[knowledge/language] the voice of persona.language en cannot say '你好，世界。'; "
         "write English, or set persona.language to the language of the file"),
        ("a.txt", "Fine.\n\n" + "word " * 120,
         f"a.txt:3: error[knowledge/too-long] a sentence of 599 characters is too long to be said: '{('word ' * 8)[:37]}...'; {SPLIT}"),
        ("a.csv", "a\n" + "word " * 120,
         "a.csv: error[knowledge/too-long] row 2: "
         f"a row of 603 characters is too long to be said: 'a: {('word ' * 8)[:34]}...'; {SPLIT}"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_spoken_is_refused_in_one_sentence(tmp_path: Path, name: str, data: str | bytes, sentence: str) -> None:
    assert refuse(tmp_path, name, data) == sentence


def test_more_passages_than_are_spoken_are_refused_with_their_count(tmp_path: Path) -> None:
    for name, count in (("a.txt", 4), ("b.txt", 3)):
        (tmp_path / name).write_text("\n\n".join(f"Fact {number} of {name}." for number in range(count)))
    files = [KnowledgeSpec(file=str(tmp_path / name)) for name in ("a.txt", "b.txt")]
    assert len(read_knowledge(files, "en", 7)) == 7
    with pytest.raises(FormatError) as caught:
        read_knowledge(files, "en", 6)
    assert str(caught.value) == (
        "error[knowledge/too-many] the files have 7 passages (a.txt 4, b.txt 3), and persona.max_passages is 6; "
        "shorten the files, or raise persona.max_passages: each passage is spoken, a few seconds of build time"
    )


# In the dialogue


def make_dialogue(*paths: Path, **fields: object) -> Dialogue:
    files = tuple(KnowledgeSpec(file=str(path), licence="CC-BY-4.0", author="Ann") for path in paths)
    options = PersonaSpec.model_validate(
        {"knowledge": files, "facts": (FactSpec(say="I am the keeper.", ask=("Who are you?",)),), **fields}
    )
    return run(options=options, seed=1, backend=BACKENDS.get("overlap"), name="Finn")


def test_passages_are_lines_with_their_source_after_the_authors_and_before_the_fallback(tmp_path: Path) -> None:
    (tmp_path / "guide.md").write_text(GUIDE)
    dialogue = make_dialogue(tmp_path / "guide.md")
    names = [line.id for line in dialogue.lines]
    assert names[-7:] == ["passage_001", "passage_002", "passage_003", "passage_004", "passage_005", "passage_006", "fallback"]
    described = describe_dialogue(dialogue)["lines"][-6]
    assert described["text"] == read_passages(tmp_path / "guide.md", "en")[1].text
    assert (described["source"], described["topic"]) == ({"file": "guide.md", "line": 7}, "Lighthouse Visits")
    assert described["grounded_in"] == [described["text"]]
    assert not {"source", "topic"} & describe_dialogue(dialogue)["lines"][0].keys()


def test_a_document_is_a_source_with_its_licence_or_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "guide.md").write_text(GUIDE)
    (source,) = make_dialogue(tmp_path / "guide.md").sources
    assert (source.name, source.licence, source.origin, source.author) == ("knowledge guide.md", "CC-BY-4.0", "guide.md", "Ann")
    (bound,) = list_knowledge_sources((KnowledgeSpec(file="notes.txt", licence="CC-BY-NC-4.0"),))
    assert (source.sellable, bound.sellable) == (True, False)
    (own,) = list_knowledge_sources((KnowledgeSpec(file="notes.txt"),))
    assert (own.licence, own.note) == ("the spec's licence", "the user's own file; passages of it are spoken word for word")


def test_a_persona_of_documents_alone_has_small_talk(tmp_path: Path) -> None:
    (tmp_path / "guide.md").write_text(GUIDE)
    assert {"thanks", "goodbye", "more", "language"} <= {line.id for line in make_dialogue(tmp_path / "guide.md", facts=()).lines}
