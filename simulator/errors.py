"""The simulator's errors."""


class SimulatorError(Exception):
    """Base of all errors a caller of the simulator may handle."""


class SpecError(SimulatorError):
    """A camera description is incomplete or contradicts itself."""


class FootageError(SimulatorError):
    """The video cannot be read, or holds no frame."""


class HangUpError(Exception):
    """The connection is cut in place of an answer."""


class CommandError(SimulatorError):
    """A command for a running camera is unknown or has a wrong argument."""
