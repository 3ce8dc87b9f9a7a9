# shellcheck shell=bash
# What the scripts share: where the tree is, how they speak, how a build is made.
# Use it as `source "$(dirname "$0")/lib.sh"`, after `set -euo pipefail`.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
JOBS=${JOBS:-$(nproc)}  # how many compilers or checks run at once

# One compile serves every checkout of the tree: paths below ROOT count as relative, and where the
# compiler was started does not count. The cache itself stays where ccache keeps it by default.
export CCACHE_BASEDIR=$ROOT
export CCACHE_NOHASHDIR=1

# A line of progress. Plain text, since it ends up in logs as often as on a screen.
say() { printf '%s\n' "$*"; }

# fail CAUSE [COMMAND]: says what went wrong and what to type, and gives up.
fail() {
  printf 'error: %s\n' "$1" >&2
  if [[ -n ${2:-} ]]; then printf '       mend it with:  %s\n' "$2" >&2; fi
  exit 1
}

# list_packages SECTION...: the names in those sections of scripts/packages, one a line.
list_packages() {
  awk -v wanted=" $* " '
    /^\[/                                  { section = substr($1, 2, length($1) - 2); next }
    /^[^#]/ && index(wanted, " " section " ") { print $1 }
  ' "$ROOT/scripts/packages"
}

# debian_source CODENAME: where this machine gets Debian CODENAME from, as `URI FILE:ENTRY`; nothing
# if none of its sources is Debian's own or if apt-get update never ran. ENTRY is the line in a
# one-line FILE (*.list), the number of the stanza in a deb822 FILE (*.sources).
debian_source() {
  # shellcheck disable=SC2016  # the $( ) are apt's
  apt-get indextargets --format '$(ORIGIN) $(RELEASE) $(COMPONENT) $(REPO_URI) $(SOURCESENTRY)' \
    'Created-By: Packages' |
    awk -v codename="$1" '
      $1 == "Debian" && $2 == codename && $3 == "main" && !found { print $4, $5; found = 1 }'
}

# configure KIND [OPTION...]: makes build/KIND ready for ninja; further OPTIONs go to meson. A KIND
# that was configured with other options before is made anew. The kinds:
#
#   gcc, clang   what is shipped, by either compiler: -O2, line numbers, CHECK and assert on
#   asan         clang with AddressSanitizer and UBSan, -O1: for the unit tests
#   fuzz         the same with the libFuzzer targets of tests/fuzz
#   tsan         clang with ThreadSanitizer, -O1: for the tests with threads
#   crash        gcc with places to die at and mistakes to make, for tests/crash
configure() {
  local kind=$1 dir=$ROOT/build/$1 compilers options=(--buildtype=debugoptimized -Db_ndebug=false -Dcpp_args=-g1)
  local sanitizers=("-Db_sanitize=address,undefined" -Db_lundef=false -Doptimization=1)
  case $kind in
    gcc) compilers="gcc g++" ;;
    clang) compilers="clang clang++" ;;
    asan) compilers="clang clang++" options+=("${sanitizers[@]}") ;;
    fuzz) compilers="clang clang++" options+=("${sanitizers[@]}" -Dfuzz=true) ;;
    tsan) compilers="clang clang++" options+=(-Db_sanitize=thread -Db_lundef=false -Doptimization=1) ;;
    crash) compilers="gcc g++" options+=(-Dcrash_points=true) ;;
    *) fail "there is no build kind '$kind'" "scripts/build gcc (or clang, asan, fuzz, tsan, crash)" ;;
  esac
  options+=("${@:2}")
  local cc=${compilers% *} cxx=${compilers#* } stamp=$dir/osprey-options
  if [[ -f $dir/build.ninja && -f $stamp && $(<"$stamp") == "$cxx ${options[*]}" ]]; then return; fi
  type meson "$cxx" ccache >/dev/null 2>&1 ||
    fail "meson, $cxx or ccache is not installed" "scripts/setup"
  rm -rf "$dir"
  CC="ccache $cc" CXX="ccache $cxx" meson setup "$dir" "$ROOT" "${options[@]}" || return
  printf '%s\n' "$cxx ${options[*]}" >"$stamp"
}

# build KIND [TARGET...]: configures if need be, then builds those ninja targets, or everything. Two
# scripts may ask for one KIND at the same time: the second waits.
build() {
  mkdir -p "$ROOT/build"
  (
    flock 9
    configure "$1" || exit
    ninja -C "$ROOT/build/$1" -j "$JOBS" "${@:2}"
  ) 9>"$ROOT/build/.$1.lock"
}
