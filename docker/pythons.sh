#!/bin/sh
# Checks the other supported Pythons where they are installed: the pinned versions resolve, and the light tests pass (no torch needed).
# The baked files of this checkout are used (`make setup` first). Usage: sh docker/pythons.sh [python3.12 python3.13 ...]
set -eu
[ $# -gt 0 ] || set -- python3.11 python3.12 python3.13
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
light="numpy scipy pydantic pyyaml safetensors typer rich jinja2 pillow opencv-contrib-python trimesh psutil pypinyin \
prefect==3.8.8 fastapi sqlalchemy jsonschema import-linter pytest pytest-timeout pytest-xdist"
for python in "$@"; do
    if ! version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null); then
        echo "$python is not installed: skipped"
        continue
    fi
    "$python" -m venv "$folder/$version"
    bin="$folder/$version/bin"
    "$bin/pip" install -q --disable-pip-version-check uv >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
    "$bin/uv" pip compile -q pyproject.toml --extra dev --python-version "$version" --no-emit-package torch -c constraints.txt \
        -o "$folder/resolved.txt" || { echo "Python $version: uv could not resolve the pinned versions, see above" >&2; exit 1; }
    # shellcheck disable=SC2086
    "$bin/uv" pip install -q --python "$bin/python" -c constraints.txt $light
    PREFECT_HOME="$folder/prefect" "$bin/python" -m pytest -q -p no:cacheprovider -n 2 \
        tests/assets tests/flows/pipeline -m "not slow" --ignore tests/assets/test_weights.py --ignore tests/flows/pipeline/test_plan.py
    echo "Python $version: resolves, the light tests pass"
done
