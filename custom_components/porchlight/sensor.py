"""Sensors: people, line crossings, and diagnostics of streams and the detector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfTime
from homeassistant.helpers.typing import StateType

from .detection.coordinator import DetectionCoordinator, DetectionState
from .detection.issues import ENGINE_NAMES
from .entity import AreaEntity, DetectorEntity, PorchlightEntity
from .runtime.areas import Kind, of_kind
from .runtime.coordinator import CameraState
from .worker.errors import StreamProblem

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .detection.coordinator import DetectorEntry
    from .runtime.coordinator import CameraCoordinator, CameraEntry

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PorchlightSensorDescription(SensorEntityDescription):
    """A sensor, where its value comes from, and what it needs."""

    value_fn: Callable[[CameraState], StateType | datetime]
    needs_stream: bool = True
    needs_detector: bool = False


@dataclass(frozen=True, kw_only=True)
class DetectorSensorDescription(SensorEntityDescription):
    """A sensor of the detector, and where its value comes from."""

    value_fn: Callable[[DetectionState], StateType]
    attributes_fn: Callable[[DetectionState], dict[str, StateType] | None] = lambda _state: None


@dataclass(frozen=True, kw_only=True)
class LineSensorDescription(SensorEntityDescription):
    """A sensor of a line's crossings, and which of them it counts."""

    inward: bool


def _stream_status(state: CameraState) -> str:
    if state.set_aside:
        return "set_aside"
    return state.problem or ("connected" if state.connected else "connecting")


def _picture_size(state: CameraState) -> str | None:
    """The size and the codec of the analyzed stream."""
    if state.width is None or state.codec is None:
        return None
    return f"{state.width}x{state.height} {state.codec.upper()}"


def _engine(state: DetectionState) -> str | None:
    """The engine and its version."""
    if (engine := state.engine) is None:
        return None
    return f"{ENGINE_NAMES.get(engine.engine, engine.engine)} {engine.version}"


def _engine_attributes(state: DetectionState) -> dict[str, StateType] | None:
    """The model's name, its threads and the milliseconds it takes for a picture."""
    if (engine := state.engine) is None:
        return None
    return {
        "model": Path(engine.path).stem,
        "threads": engine.threads,
        "inference_ms": engine.inference_ms,
    }


DESCRIPTIONS = (
    PorchlightSensorDescription(
        key="people",
        translation_key="people",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda state: state.people,
        needs_detector=True,
    ),
    PorchlightSensorDescription(
        key="last_frame",
        translation_key="last_frame",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda state: state.last_frame,
        needs_stream=False,
    ),
    PorchlightSensorDescription(
        key="stream_status",
        translation_key="stream_status",
        device_class=SensorDeviceClass.ENUM,
        options=["connecting", "connected", "set_aside", *map(str, StreamProblem)],
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_stream_status,
        needs_stream=False,
    ),
    PorchlightSensorDescription(
        key="picture_size",
        translation_key="picture_size",
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_picture_size,
    ),
    PorchlightSensorDescription(
        key="analysed_rate",
        translation_key="analysed_rate",
        native_unit_of_measurement="fps",
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda state: state.fps,
    ),
    PorchlightSensorDescription(
        key="inference_time",
        translation_key="inference_time",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.MILLISECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda state: state.inference_ms,
    ),
)


DETECTOR = (
    DetectorSensorDescription(
        key="engine",
        translation_key="engine",
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_engine,
        attributes_fn=_engine_attributes,
    ),
    DetectorSensorDescription(
        key="pace",
        translation_key="pace",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda state: round(state.load.pace * 100) if state.load else None,
    ),
    DetectorSensorDescription(
        key="processor",
        translation_key="processor",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda state: state.load.cores / state.load.budget * 100 if state.load else None,
    ),
)


LINES = (
    LineSensorDescription(
        key="line_in",
        translation_key="line_in",
        state_class=SensorStateClass.TOTAL_INCREASING,
        inward=True,
    ),
    LineSensorDescription(
        key="line_out",
        translation_key="line_out",
        state_class=SensorStateClass.TOTAL_INCREASING,
        inward=False,
    ),
)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: CameraEntry | DetectorEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a camera's sensors, or the detector's."""
    owned = entry.runtime_data
    if isinstance(owned, DetectionCoordinator):
        async_add_entities(DetectorSensor(owned, description) for description in DETECTOR)
        return
    async_add_entities(
        [
            *(PorchlightSensor(owned, description) for description in DESCRIPTIONS),
            *(
                LineSensor(owned, description, line)
                for line in of_kind(owned.areas, Kind.LINE)
                for description in LINES
            ),
        ]
    )


class PorchlightSensor(PorchlightEntity, SensorEntity):
    """A sensor of one camera."""

    entity_description: PorchlightSensorDescription

    def __init__(
        self, coordinator: CameraCoordinator, description: PorchlightSensorDescription
    ) -> None:
        super().__init__(coordinator, description)
        self._needs_stream = description.needs_stream
        self._needs_detector = description.needs_detector

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """The value; unknown until there is one."""
        return self.entity_description.value_fn(self.coordinator.data)


class DetectorSensor(DetectorEntity, SensorEntity):
    """A sensor of the detector."""

    entity_description: DetectorSensorDescription

    @property
    @override
    def native_value(self) -> StateType:
        """The value; unknown until there is one."""
        return self.entity_description.value_fn(self.coordinator.data)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, StateType] | None:
        """Details of the value, if it has any."""
        return self.entity_description.attributes_fn(self.coordinator.data)


class LineSensor(AreaEntity, SensorEntity):
    """How often a line was crossed one way; available without a stream, too."""

    entity_description: LineSensorDescription
    _needs_stream = False

    @property
    @override
    def native_value(self) -> int:
        """Crossings since the line was drawn."""
        return self.coordinator.totals.of(self._area_id, inward=self.entity_description.inward)
