# An interpreter for musl, and wheels for it. Sourced after common.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154 # common.sh sets the cache
musl=${PORCHLIGHT_MUSL:-$cache/musl/bin/python3.13}
site=$cache/musl-wheels
[ -z "${PORCHLIGHT_MUSL:-}" ] || [ -x "$PORCHLIGHT_MUSL" ] || die "PORCHLIGHT_MUSL is not an interpreter"

# Whether there is a complete one.
musl_there() { "$musl" -c 'import zlib, ctypes' 2>/dev/null; }

# Wheels for that interpreter's version, in a separate folder: it has no environments.
musl_wheels() {
  local stamp
  stamp=$({ requirements && "$musl" -VV; } | sha256sum)
  [ "$(cat "$site/.stamp" 2>/dev/null)" != "$stamp" ] || return 0
  say "Installing musllinux wheels"
  rm -rf "$site"
  # Home Assistant's image also has its own index, with some versions only.
  "$(find_uv)" pip install --quiet --python "$musl" --target "$site" --only-binary :all: \
    --index-strategy unsafe-best-match --group platforms \
    || die "Installing musl wheels failed. Is a package index within reach?"
  echo "$stamp" >"$site/.stamp"
}

# on_musl ARGUMENTS…: that interpreter with those wheels and without any other installed packages.
on_musl() { PYTHONPATH=$site:. "$musl" -S "$@"; }
