"""First of all imports our package, or the harness's own `custom_components` would shadow it."""

from importlib.util import find_spec

if find_spec("homeassistant"):
    import custom_components.porchlight  # noqa: F401 - as said
