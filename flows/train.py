"""Training as a flow: limited to one at a time on the GPU, its sample grid an artifact of the run."""

from __future__ import annotations

from pathlib import Path

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.concurrency.sync import concurrency

from stages.train.stage import train_identity


@task(persist_result=False, tags=["fenshen", "gpu"])
def train_task(out: str, minutes: float, seed: int, resume: bool) -> dict[str, float]:
    """Metrics of the finished weights."""
    with concurrency("gpu", occupy=1):
        return train_identity(Path(out), minutes=minutes, seed=seed, resume=resume)


@flow(name="train-generator", persist_result=False)
def train_generator(out: str, minutes: float = 60, seed: int = 1, resume: bool = False) -> dict[str, float]:
    """Trains the skin generator into OUT; returns its metrics."""
    metrics = train_task(out, minutes, seed, resume)
    rows = "\n".join(f"| {name} | {value:.4g} |" for name, value in metrics.items())
    create_markdown_artifact(markdown=f"| metric | value |\n|---|---|\n{rows}", key="training", description=out)
    return metrics
