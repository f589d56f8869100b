#!/bin/sh
# Installs the Debian packages that are missing, after asking; with YES=1, or CI set, without. Says what to do where it may not.
set -eu
folder=$(dirname "$0")
missing=""
while read -r package; do
    case "$package" in
        # A Node.js, compiler or ffmpeg from elsewhere is as good as Debian's.
        nodejs) command -v node >/dev/null && continue ;;
        npm | g++ | ffmpeg | chromium | make) command -v "$package" >/dev/null && continue ;;
    esac
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done <"$folder/packages.txt"
[ -n "$missing" ] || exit 0
as=""
[ "$(id -u)" = 0 ] || as="sudo"
install="apt-get install -y --no-install-recommends$missing"
if [ -z "${YES:-}${CI:-}" ]; then
    if [ ! -t 0 ]; then
        echo "Debian packages are missing. Install them and call make again: ${as:+$as }$install (or call make with YES=1)." >&2
        exit 1
    fi
    printf 'These Debian packages are missing:%s\nInstall them with %sapt-get now? [y/N] ' "$missing" "${as:+$as }"
    read -r answer
    case "$answer" in [yY]*) ;; *)
        echo "Nothing was installed. Install them yourself and call make again: ${as:+$as }$install" >&2
        exit 1
        ;;
    esac
fi
if [ -n "$as" ] && ! { command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; }; then
    echo "Only root may install Debian packages. Ask for these and call make again:$missing" >&2
    exit 1
fi
sh "$folder/step.sh" "1 of 4" "Debian packages:$missing" $as sh -c "apt-get update -qq && DEBIAN_FRONTEND=noninteractive $install"
