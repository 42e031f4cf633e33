# Sourced by the commands in scripts/.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

say() { printf '\033[1m[%4ds] %s\033[0m\n' "$SECONDS" "$*" >&2; }

die() {
  printf '\033[31m%s\033[0m\n' "$*" >&2
  exit 1
}

cache=${XDG_CACHE_HOME:-$HOME/.cache}/porchlight

# Models and footage may be next to this checkout, or next to the one that it was cloned from.
origin=$(git config --get remote.origin.url 2>/dev/null || true)
if [ -z "${PORCHLIGHT_ASSETS:-}" ] && [ ! -d ../shared/assets ] && [ -d "${origin#file://}/../shared/assets" ]; then
  PORCHLIGHT_ASSETS=$(realpath "${origin#file://}/../shared/assets")
  export PORCHLIGHT_ASSETS
fi

# lock VARIABLE NAME: wait until no other command does this, if several start at once. The variable is
# the descriptor that has to be closed afterwards.
lock() {
  mkdir -p "$cache"
  exec {descriptor}>"$cache/$2.lock"
  printf -v "$1" %d "$descriptor"
  ! command -v flock >/dev/null || flock "$descriptor"
}

# A uv to create environments with: the user's own, or one installed here.
find_uv() {
  if command -v uv >/dev/null; then
    command -v uv
    return
  fi
  local tools=$cache/tools lock
  lock lock tools
  if [ ! -x "$tools/bin/uv" ]; then
    say "Installing uv into $tools"
    # Debian's python3 may lack the venv module.
    python3 -c 'import ensurepip' 2>/dev/null || packages python3-venv=python3-venv >&2
    if python3 -m venv "$tools" >&2; then
      "$tools/bin/python" -m pip install --quiet uv >&2
    else
      rm -rf "$tools"
      python3 -m pip install --quiet --target "$tools/lib" uv >&2 \
        || die "Neither python3 -m venv nor pip works here. Install python3-venv and try again."
      mkdir -p "$tools/bin" && ln -sf ../lib/bin/uv "$tools/bin/uv"
    fi
  fi
  exec {lock}>&-
  echo "$tools/bin/uv"
}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info[:3] < (3, 14, 2))' 2>/dev/null; }

# Python 3.14 from the PATH, else from uv, else from Debian's own packages.
find_python() {
  local found unpacked=$cache/python3.14/usr/bin/python3.14
  for found in "$(command -v python3.14)" "$(uv_python)" "$unpacked"; do
    if [ -n "$found" ] && new_enough "$found"; then
      echo "$found"
      return
    fi
  done
  say "Python 3.14 is not installed. Trying to install it with uv"
  timeout 120 "$uv" python install --quiet 3.14 >&2 || true
  found=$(uv_python)
  if [ -z "$found" ] && command -v apt-get >/dev/null; then
    say "Unpacking Debian's Python 3.14 into $cache/python3.14"
    UV=$uv scripts/lib/python-from-debian "$cache/python3.14" >&2 || true
    found=$unpacked
  fi
  new_enough "$found" || die "Python 3.14.2 or newer is needed: put python3.14 on the PATH."
  echo "$found"
}

# Not the Python of an environment, which may be about to be recreated.
uv_python() { "$uv" python find --system --no-project --no-python-downloads 3.14 2>/dev/null || true; }

# The requirements in pyproject.toml.
requirements() { sed -n '/^\[dependency-groups\]/,/^\[[a-ce-z]/p' pyproject.toml; }

# environment DIR GROUP…: create an environment with exactly the packages of a dependency group, once.
# Packages of a later group replace earlier ones.
environment() {
  local dir=$1 group stamp lock uv python
  shift
  stamp=$({ echo "$@" && requirements; } | sha256sum)
  # One at a time, if two commands start at once.
  exec {lock}>"$dir.lock"
  ! command -v flock >/dev/null || flock "$lock"
  if [ "$(cat "$dir/.stamp" 2>/dev/null)" != "$stamp" ] || ! new_enough "$dir/bin/python"; then
    uv=$(find_uv)
    python=$(find_python)
    say "Creating the environment $dir ($*)"
    rm -rf "$dir"
    "$uv" venv --quiet --python "$python" "$dir"
    for group in "$@"; do
      "$uv" pip install --quiet --python "$dir/bin/python" --group "$group" \
        || die "Installing $group failed. Is a package index within reach?"
    done
    echo "$stamp" >"$dir/.stamp"
  fi
  exec {lock}>&-
}

# packages COMMAND=PACKAGE…: install missing Debian packages, as root only. A file, also with
# wildcards, can stand for a command. With CI=true, a missing package is an error.
packages() {
  local missing=() pair lock
  lock lock packages
  for pair in "$@"; do
    present "${pair%%=*}" || missing+=("${pair#*=}")
  done
  [ ${#missing[@]} = 0 ] || install_packages "${missing[@]}"
  exec {lock}>&-
}

install_packages() {
  local missing=("$@")
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    say "Installing ${missing[*]}"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      "${missing[@]}" >/dev/null </dev/null && return 0
    say "Installing them failed."
  fi
  if [ "${CI:-}" = true ]; then
    die "${missing[*]} must be installed here, or less is proven than it seems."
  else
    say "Without ${missing[*]} some of it is left out. Install them with your package manager."
  fi
}

present() { command -v "$1" >/dev/null || compgen -G "$1" >/dev/null; }
