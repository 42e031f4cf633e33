# Sourced by what runs on musl, after common.sh: an interpreter, and wheels for it.
# shellcheck shell=bash
# shellcheck disable=SC2154 # common.sh says where the cache is
musl=${PORCHLIGHT_MUSL:-$cache/musl/bin/python3.13}
site=$cache/musl-wheels
[ -z "${PORCHLIGHT_MUSL:-}" ] || [ -x "$PORCHLIGHT_MUSL" ] || die "PORCHLIGHT_MUSL is no interpreter"

# Whether there is one, and it is whole.
musl_there() { "$musl" -c 'import zlib, ctypes' 2>/dev/null; }

# Wheels for that interpreter's version, in a folder of their own: it has no environments.
musl_wheels() {
  local stamp
  stamp=$({ requirements && "$musl" -VV; } | sha256sum)
  [ "$(cat "$site/.stamp" 2>/dev/null)" != "$stamp" ] || return 0
  say "Installing musllinux wheels"
  rm -rf "$site"
  # Home Assistant's image has an index of its own besides, with some versions only.
  "$(find_uv)" pip install --quiet --python "$musl" --target "$site" --only-binary :all: \
    --index-strategy unsafe-best-match --group platforms \
    || die "Installing musl wheels failed. Is a package index within reach?"
  echo "$stamp" >"$site/.stamp"
}

# on_musl ARGUMENTS…: that interpreter with those wheels and, where it is Home Assistant's own,
# none of what else is installed for it.
on_musl() { PYTHONPATH=$site:. "$musl" -S "$@"; }
