#!/bin/sh
# Installs the system packages that a target needs and this machine lacks: ./packages.sh venv|app|fonts|persian|browser
# By apt, as root or with sudo; elsewhere it names them. PYTHON is the interpreter that .venv is made with.
set -eu
python=${PYTHON:-python3}
missing=""

loads() { "$python" -c 'import ctypes, sys; ctypes.CDLL(sys.argv[1])' "$1" 2>/dev/null; }
has() { command -v "$1" >/dev/null; }
want() { missing="$missing $1"; }

case $1 in
venv)
    has "$python" || { echo "Glyphzoo needs Python 3.11 or later; name it: make PYTHON=/path/to/python3" >&2; exit 1; }
    "$python" -c 'import ensurepip, venv' 2>/dev/null || want "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    ;;
app)
    loads libfribidi.so.0 || loads libfribidi.dylib || want libfribidi0 # Pillow has no raqm without it
    ;;
fonts)
    has npm || want npm
    ;;
persian) # more fonts, for training with --fonts debian
    for font in farsiweb freefarsi hosny-thabit paktype ukij-uyghur arabeyes kacst freefont-ttf nafees unikurdweb; do
        name=${font#hosny-}
        ls /usr/share/fonts/*/*"${name%-ttf}"/*.ttf >/dev/null 2>&1 || want "fonts-$font"
    done
    ;;
browser)
    has chromium-headless-shell || has chromium || want chromium-headless-shell
    ;;
esac

[ -n "$missing" ] || exit 0
if ! has apt-get; then
    root=none
elif [ "$(id -u)" = 0 ]; then
    root=""
elif has sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    root=sudo
else
    root=none
fi
if [ "$root" = none ]; then
    echo "Missing on this machine:$missing. Install them, e.g. with: sudo apt-get install$missing" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
$root apt-get update
# shellcheck disable=SC2086 # a list of packages
$root apt-get install -y --no-install-recommends $missing
