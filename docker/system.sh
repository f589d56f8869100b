#!/bin/sh
# Installs the Debian packages that are missing, where it may; else says in one sentence which ones to install.
set -eu
missing=""
for package in $(cat "$(dirname "$0")/packages.txt"); do
    case "$package" in
        # A Node.js, compiler or ffmpeg from elsewhere is as good as Debian's.
        nodejs) command -v node >/dev/null && continue ;;
        npm | g++ | ffmpeg | chromium | make) command -v "$package" >/dev/null && continue ;;
    esac
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ]; then as=""; elif sudo -n true 2>/dev/null; then as="sudo"; else
    echo "Please install these Debian packages, then call make again:$missing" >&2
    exit 1
fi
$as apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as apt-get install -y -qq --no-install-recommends $missing
