"""What can go wrong while deciding."""


class VisionError(Exception):
    """Base of this room's errors."""


class UnsupportedModelError(VisionError):
    """The model's tensors are not those of a supported detector; handled by the caller."""
