#!/usr/bin/env bash
# Puts a working Julia below a folder of its own, from Debian's packages. The system is not changed
# and no root is needed. Does nothing where a working Julia is on PATH.
#
#     scripts/install_julia.sh [DEST]        (.tools/julia beside this script's folder)
#
# Debian carries Julia up to release 11 (1.5.3). It is unpacked, not installed: with what it needs
# that this system lacks, and with release 11's libunwind, because with a later one Julia crashes on
# any exception that is thrown from compiled code. DEST/bin/julia starts it with those libraries.
set -euo pipefail

readonly MARKER=.made-by-install-julia
readonly KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

say() { echo "install_julia: $*" >&2; }

cannot() {
  say "$1"
  say "Get Julia 1.5 or later by hand (https://julialang.org/downloads) and put it on PATH."
  exit 3
}

# Whether a Julia survives an exception from compiled code and can profile.
works() {
  local said
  said=$("$1" --startup-file=no -e '
    f(x) = x == 1 ? error("x") : 1
    try f(1) catch; println("ok") end
    using Profile
    Profile.init(delay = 0.001)
    @profile sum(sqrt(i) for i in 1:10^8)
    println(isempty(Profile.fetch()) ? "no samples" : "sampled")' 2>/dev/null) || return 1
  [ "$said" = $'ok\nsampled' ]
}

# The mirror that this system takes Debian itself from.
# shellcheck disable=SC2016  # apt fills these in
mirror() {
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk -v here="${1:-none}" '
      !found && $3 == "main" && ($2 == here || $2 ~ /^((old)*stable|testing|sid|unstable)$/) {
        print $1
        found = 1
      }'
}

# apt-get with lists and archives of our own: nothing of the system's is written.
apt() {
  apt-get -qq -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" \
    -o Dir::Cache::Archives="$work/debs" -o Debug::NoLocking=true -o APT::Sandbox::User=root \
    -o APT::Keep-Downloaded-Packages=true -o Acquire::Retries=3 "$@"
}

# Julia's packages, those that they need and this system lacks, and release 11's libunwind.
download() {
  local uri=$1 trust="signed-by=$KEYRING"
  mkdir -p "$work"/{lists,cache,debs}/partial
  [ -r "$KEYRING" ] || cannot "the keys of Debian's archive are not here ($KEYRING)"
  printf "deb [$trust] $uri %s main\n" bullseye bookworm >"$work/sources.list"
  apt update >&2 || return 1
  apt install --yes --download-only --no-install-recommends julia >&2 || return 1
  rm -f "$work"/debs/libunwind8_*
  (cd "$work/debs" && apt download libunwind8/bullseye >&2)
}

# Julia finds its libraries by links beside it, which lead to where the packages put them: those
# of libraries that the system has lead there now.
unpack() {
  local root=$1 deb link library
  for deb in "$work"/debs/*.deb; do
    dpkg-deb --extract "$deb" "$root"
  done
  if [ -d "$root/lib" ]; then # as on the system itself, where /lib is /usr/lib
    cp -a "$root/lib/." "$root/usr/lib/"
    rm -rf "${root:?}/lib"
  fi
  rm -rf "$root"/usr/share/{doc,man,lintian,julia/test}
  find "$root/usr/lib" -xtype l | while read -r link; do
    library=${link#"$root"}
    library=$(dirname "$(dirname "$library")")/$(basename "$(readlink "$link")")
    [ -e "$library" ] || { say "$library is missing"; return 1; }
    ln -sf "$library" "$link"
  done
}

write_start() {
  local dest=$1 libraries
  libraries=$(dirname "$(find "$dest/root/usr/lib" -name 'libunwind.so.8' | head -n 1)")
  mkdir -p "$dest/bin"
  cat >"$dest/bin/julia" <<END
#!/bin/sh
LD_LIBRARY_PATH="$libraries\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
export LD_LIBRARY_PATH
exec "$dest/root/usr/bin/julia" "\$@"
END
  chmod +x "$dest/bin/julia"
}

main() {
  local dest here uri
  here=$(cd "$(dirname "$0")/.." && pwd)
  dest=${1:-$here/.tools/julia}
  if command -v julia >/dev/null && works julia; then
    return 0
  fi
  if [ -e "$dest/$MARKER" ] && works "$dest/bin/julia"; then
    return 0
  fi
  for program in apt-get dpkg-deb awk; do
    command -v $program >/dev/null || cannot "no $program here: this is not Debian"
  done
  # shellcheck source=/dev/null
  uri=$(mirror "$(. /etc/os-release && echo "${VERSION_CODENAME:-}")")
  [ -n "$uri" ] || cannot "apt has no source of Debian's own main packages"

  if [ ! -e "$dest/$MARKER" ] && [ -n "$(ls -A "$dest" 2>/dev/null)" ]; then
    cannot "$dest holds something else, which is left as it is"
  fi
  say "no working julia on PATH; unpacking Debian's into $dest"
  rm -rf "$dest"
  mkdir -p "$dest"
  touch "$dest/$MARKER"
  dest=$(cd "$dest" && pwd)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  download "$uri" || cannot "Debian's packages of Julia could not be fetched"
  unpack "$dest/root" || cannot "Debian's packages of Julia do not fit this system"
  write_start "$dest"
  works "$dest/bin/julia" || cannot "the Julia in $dest crashes on this system"
  say "done: $dest/bin/julia"
}

main "$@"
