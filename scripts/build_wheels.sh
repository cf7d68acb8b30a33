#!/usr/bin/env bash
# build_wheels.sh [FOLDER]: the source distribution and a wheel for each machine that a compiler is
# here for, into FOLDER (dist). What is in them is read from the program that was compiled.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-dist}
python=${PYTHON:-.venv/bin/python}
export HARNESS_REQUIRE_LAUNCHER=1

# wheel MACHINE COMPILER PACKAGE
wheel() {
  if ! command -v "$2" >/dev/null 2>&1; then
    echo "build_wheels: no wheel for $1: $2 is not on PATH (Debian: apt-get install $3)" >&2
    return
  fi
  CC=$2 "$python" -m pip wheel -q --no-deps --no-build-isolation --wheel-dir "$folder" .
}

"$python" setup.py -q sdist --dist-dir "$folder"
case $(uname -m) in
  x86_64) here=gcc there=aarch64-linux-gnu-gcc ;;
  *) here=x86_64-linux-gnu-gcc there=gcc ;;
esac
wheel x86_64 "$here" "gcc libc6-dev"
wheel aarch64 "$there" "gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
ls "$folder"
