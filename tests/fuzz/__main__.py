"""Fuzzes readers for a time: `python -m tests.fuzz READER... --minutes 10 [--engine atheris] [--keep FOLDER]`; `all` for every reader."""

from __future__ import annotations

import argparse
import secrets
from pathlib import Path

from tests.fuzz.readers import READERS
from tests.fuzz.run import format_row, fuzz_reader, to_json


def main() -> int:
    """1 where an input broke a reader, 0 otherwise; prints a line a reader, with --json one for programs."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("readers", nargs="+", metavar="READER", help=f"{', '.join(READERS)}, all, or module:NAME of another")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--engine", choices=["hypothesis", "atheris"], default="hypothesis")
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz"), help="folder of the inputs that break a reader")
    parser.add_argument("--seed", type=int, default=None, help="of the first process; random without it")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if unknown := [name for name in given.readers if name not in (*READERS, "all") and ":" not in name]:
        parser.error(f"unknown reader {unknown[0]!r}; choose one of {', '.join(READERS)}, all")
    finds = 0
    for name in READERS if "all" in given.readers else given.readers:
        seed = secrets.randbelow(2**31) if given.seed is None else given.seed
        result = fuzz_reader(name, given.minutes * 60, given.keep / name.rpartition(":")[2], seed=seed, engine=given.engine)
        print(to_json(result) if given.json else format_row(result), flush=True)
        finds += result.finds
    return int(finds > 0)


if __name__ == "__main__":
    raise SystemExit(main())
