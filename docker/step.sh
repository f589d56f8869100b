#!/bin/sh
# step.sh "k of n" "what" COMMAND...: prints one line, keeps the command's output in setup.log, shows its end where it fails.
set -eu
step=$1 what=$2
shift 2
log="${FENSHEN_HOME:-.fenshen}/setup.log"
mkdir -p "$(dirname "$log")"
echo "step $step: $what"
if ! { echo "== step $step: $what" && "$@"; } >>"$log" 2>&1; then
    tail -n 25 "$log" >&2
    echo "step $step failed; the whole log is in $log" >&2
    exit 1
fi
