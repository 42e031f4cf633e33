"""Simulated ONVIF cameras for tests and demonstrations."""

from simulator.camera import Camera, CameraState
from simulator.clock import Clock, ManualClock, SystemClock
from simulator.errors import CommandError, FootageError, SimulatorError, SpecError
from simulator.simulator import Simulator
from simulator.spec import CameraSpec, StreamSpec

__all__ = [
    "Camera",
    "CameraSpec",
    "CameraState",
    "Clock",
    "CommandError",
    "FootageError",
    "ManualClock",
    "Simulator",
    "SimulatorError",
    "SpecError",
    "StreamSpec",
    "SystemClock",
]
