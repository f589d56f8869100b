"""One of two processes of a run: python -m tests.stages.train.two_processes FOLDER; prints the digest of what it has."""

from __future__ import annotations

import sys
from pathlib import Path

from assets.digest import sha256
from stages.nets.weights_io import export_net
from stages.train.loop.device import find_device
from stages.train.loop.loop import Plan, begin_run, train
from tests.stages.train.tiny import examples, tiny_gan

if __name__ == "__main__":
    folder, machine = Path(sys.argv[1]), find_device()
    run = begin_run(tiny_gan(batch=4), Plan(steps=6, validate_every=3), examples(), examples(16, seed=1), folder, machine)
    train(run)
    print(machine.process_count, run.state.step, sha256(export_net(run.to_trained_net(), {})))
