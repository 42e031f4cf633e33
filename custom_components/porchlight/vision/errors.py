"""What can go wrong while deciding."""


class VisionError(Exception):
    """Base of everything this room raises."""


class UnsupportedModelError(VisionError):
    """The model's tensors are not those of a detector we can read; handled by the caller."""
