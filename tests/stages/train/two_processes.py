"""One of the two processes of a run: python -m tests.stages.train.two_processes FOLDER; prints the digest of its nets."""

from __future__ import annotations

import sys
from pathlib import Path

from assets.digest import sha256
from stages.nets.weights_io import export_net
from stages.train.loop.device import find_device
from stages.train.loop.loop import Plan, begin_run, train
from tests.stages.train.tiny import make_tiny_examples, make_tiny_gan

if __name__ == "__main__":
    folder, device = Path(sys.argv[1]), find_device()
    plan = Plan(steps=6, validate_every=3)
    run = begin_run(make_tiny_gan(batch=4), plan, make_tiny_examples(), make_tiny_examples(16, seed=1), folder, device)
    train(run)
    print(device.process_count, run.state.step, sha256(export_net(run.to_trained_net(), {})))
