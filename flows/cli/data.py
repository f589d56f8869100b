"""`fenshen data`: data sets with clear rights, made by our own stages or from a user's own pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.console import err, out, report_findings

if TYPE_CHECKING:
    from stages.datasets.make import DatasetRequest
    from stages.datasets.shards import Progress

app = typer.Typer(no_args_is_help=True, help="Make data sets to train on; a killed run resumes where it stopped.")

OutOption = Annotated[Path, typer.Option("--out", help="Folder of the data set: a new one, or the one to resume.")]
CountOption = Annotated[int, typer.Option("--count", min=3, help="Number of items.")]
StyleOption = Annotated[str, typer.Option(help="realistic.")]
SeedOption = Annotated[int, typer.Option(min=0, help="The same seed makes the same set.")]


@app.command()
def skins(
    folder: OutOption,
    count: CountOption = 3600,
    size: Annotated[int, typer.Option(min=32, max=512, help="Pixels a side.")] = 128,
    seed: SeedOption = 0,
    style: StyleOption = "realistic",
) -> None:
    """Head and body skin tiles, blended from the CC0 skins.

    Example: `fenshen data skins --out sets/skins128 --count 3600 --size 128`
    """
    from stages.datasets.make import DatasetRequest

    _make_data_set(DatasetRequest("skins", folder, count, size, seed, style))


@app.command()
def faces(
    folder: OutOption,
    count: CountOption = 8000,
    size: Annotated[int, typer.Option(min=32, max=256, help="Pixels a side.")] = 64,
    seed: SeedOption = 0,
    style: StyleOption = "realistic",
) -> None:
    """Rendered portraits of random people, eight of each person.

    Example: `fenshen data faces --out sets/faces64 --count 8000 --size 64`
    """
    from stages.datasets.make import DatasetRequest

    _make_data_set(DatasetRequest("faces", folder, count, size, seed, style))


@app.command()
def portraits(
    folder: OutOption,
    count: CountOption = 6000,
    size: Annotated[int, typer.Option(min=32, max=256, help="Pixels a side.")] = 128,
    seed: SeedOption = 0,
    style: StyleOption = "realistic",
) -> None:
    """Portraits of random specs as bundles show them, with labels and captions; six pictures of each person.

    Example: `fenshen data portraits --out sets/portraits128 --count 6000 --size 128`
    """
    from stages.datasets.make import DatasetRequest

    _make_data_set(DatasetRequest("portraits", folder, count, size, seed, style))


@app.command()
def bodies(folder: OutOption, count: CountOption = 20000, seed: SeedOption = 0) -> None:
    """Body vectors from Anny's calibrated shape distribution, with measurements.

    Example: `fenshen data bodies --out sets/bodies --count 20000`
    """
    from stages.datasets.make import DatasetRequest

    _make_data_set(DatasetRequest("bodies", folder, count, seed=seed))


ATTRIBUTES_HELP = "CSV with the column file, and optionally person, caption_en, caption_zh and numbers such as age_years, gender, tone."


@app.command("folder")
def data_folder(
    source: Annotated[Path, typer.Argument(metavar="FOLDER", help="Your pictures, in any sub-folders.")],
    folder: OutOption,
    licence: Annotated[str, typer.Option(help="The terms of the pictures.")],
    consent: Annotated[Path, typer.Option(help="A text file that says who agreed to training, and when.")],
    size: Annotated[int, typer.Option(min=32, max=512, help="Pixels a side.")] = 64,
    attributes: Annotated[Path | None, typer.Option(help=ATTRIBUTES_HELP)] = None,
    seed: SeedOption = 0,
) -> None:
    """Your own pictures, in any layout such as CelebA's or FFHQ's, with their licence and consent record.

    Example: `fenshen data folder faces/ --out sets/own --licence CC-BY-4.0 --consent consent.txt`
    """
    from stages.datasets.folder import FolderRequest
    from stages.datasets.make import make_folder_dataset

    with report_findings():
        with _show_progress("folder") as progress:
            _, left_out = make_folder_dataset(FolderRequest(source, size, licence, consent, attributes, seed), folder, progress)
        for finding in left_out:
            err.print(str(finding), highlight=False)
        _print_summary(folder)


def _make_data_set(request: DatasetRequest) -> None:
    from stages.datasets.make import make_dataset

    with report_findings():
        with _show_progress(request.kind) as progress:
            make_dataset(request, progress)
        _print_summary(request.out)


def _print_summary(folder: Path) -> None:
    from stages.datasets.shards import read_index

    index = read_index(folder)
    splits = ", ".join(f"{name} {number}" for name, number in index["splits"].items())
    size = sum(shard["bytes"] for shard in index["shards"]) / 1e6
    out.print(f"{folder}/: {index['kind']}, {splits}, {len(index['shards'])} shards, {size:.1f} MB, {index['licence']}")


@contextmanager
def _show_progress(name: str) -> Iterator[Progress]:
    """A progress bar on the error stream: items and time left."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(name), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, disable=not err.is_terminal) as bar:
        task = bar.add_task(name)
        yield lambda done, total: bar.update(task, completed=done, total=total)
