#!/bin/sh
# Checks platform, Python and disk before anything is downloaded; prints the Python to use, or one sentence on what is missing.
set -eu
system="$(uname -s) $(uname -m)"
if [ "$system" != "Linux x86_64" ]; then
    echo "Fenshen runs on Linux x86-64, this is $system: use the Docker image on this machine." >&2
    exit 1
fi
free_gb=$(($(df -Pk . | awk 'NR == 2 { print $4 }') / 1000000))
if [ "$free_gb" -lt 6 ] && [ ! -x "${VENV:-.venv}/bin/python" ]; then
    echo "The set-up needs 6 GB of disk space here, ${free_gb} GB are free: free some or clone to another disk." >&2
    exit 1
fi
for python in ${PYTHON:-python3.11 python3.12 python3.13 python3}; do
    # A version manager may list a Python that it cannot start.
    if "$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
        command -v "$python"
        exit 0
    fi
done
if [ -n "${PYTHON:-}" ]; then
    echo "$PYTHON is not Python 3.11, 3.12 or 3.13 with its venv module: set PYTHON to one that is." >&2
else
    echo "No Python 3.11, 3.12 or 3.13 with its venv module was found: install Debian's python3 and python3-venv, or set PYTHON." >&2
fi
exit 1
