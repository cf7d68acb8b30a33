#!/usr/bin/env bash
# Installs the C compiler, profilers and the benchmark peer that tests and benchmarks use.
# Does nothing where they are there; says what is missing where it cannot install.
set -euo pipefail

declare -A package_of=(
  [cc]="gcc libc6-dev" [git]=git [perf]=linux-perf [valgrind]=valgrind [hyperfine]=hyperfine
)

missing=()
for program in "${!package_of[@]}"; do
  if ! command -v "$program" >/dev/null 2>&1; then
    read -ra wanted <<<"${package_of[$program]}"
    missing+=("${wanted[@]}")
  fi
done
[ "${#missing[@]}" -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
  echo "Please install: ${missing[*]} (names of Debian's packages)" >&2
  exit 3
fi
sudo=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null 2>&1 || { echo "As root: apt-get install ${missing[*]}" >&2; exit 3; }
  sudo=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
"${sudo[@]}" apt-get update -qq
"${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
