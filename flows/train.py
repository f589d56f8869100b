"""Training as a flow: one at a time on the GPU, its model card an artifact of the run."""

from __future__ import annotations

from pathlib import Path

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.concurrency.sync import concurrency

from stages.train.stage import train_identity


@task(persist_result=False, tags=["fenshen", "gpu"])
def train_task(out: str, minutes: float, seed: int, resume: str | None) -> str:
    """The weights file; its card lies beside it."""
    with concurrency("gpu", occupy=1):
        return str(train_identity(Path(out), minutes=minutes, seed=seed, resume=Path(resume) if resume else None))


@flow(name="train-generator", persist_result=False)
def train_generator(out: str, minutes: float = 60, seed: int = 0, resume: str | None = None) -> str:
    """Trains the skin generator into the folder OUT; returns the weights file."""
    weights = train_task(out, minutes, seed, resume)
    create_markdown_artifact(markdown=Path(weights).with_suffix(".md").read_text(encoding="utf-8"), key="training", description=weights)
    return weights
