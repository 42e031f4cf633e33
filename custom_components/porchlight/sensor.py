"""How many people there are, and how the watch does."""

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

from .entity import AreaEntity, PorchlightEntity
from .runtime.areas import Kind, of_kind
from .runtime.coordinator import CameraState
from .runtime.issues import ENGINE_NAMES
from .worker.messages import EngineReady, Load

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .runtime.data import PorchlightConfigEntry

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PorchlightSensorDescription(SensorEntityDescription):
    """A sensor and where its value comes from."""

    value_fn: Callable[[CameraState], float | datetime | None]


@dataclass(frozen=True, kw_only=True)
class LoadSensorDescription(SensorEntityDescription):
    """A sensor of what watching all cameras costs."""

    value_fn: Callable[[Load], float]


@dataclass(frozen=True, kw_only=True)
class LineSensorDescription(SensorEntityDescription):
    """A sensor of a line's crossings, and which of them it counts."""

    inward: bool


DETECTOR = SensorEntityDescription(
    key="detector",
    translation_key="detector",
    entity_category=EntityCategory.DIAGNOSTIC,
)


DESCRIPTIONS = (
    PorchlightSensorDescription(
        key="people",
        translation_key="people",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda state: state.people,
    ),
    PorchlightSensorDescription(
        key="last_frame",
        translation_key="last_frame",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda state: state.last_frame,
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


LOADS = (
    LoadSensorDescription(
        key="pace",
        translation_key="pace",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda load: round(load.pace * 100),
    ),
    LoadSensorDescription(
        key="processor",
        translation_key="processor",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda load: load.cores / load.budget * 100,
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
    entry: PorchlightConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a camera's sensors."""
    async_add_entities(
        [
            *(PorchlightSensor(entry.runtime_data, description) for description in DESCRIPTIONS),
            DetectorSensor(entry.runtime_data, DETECTOR),
            *(LoadSensor(entry.runtime_data, description) for description in LOADS),
            *(
                LineSensor(entry.runtime_data, description, line)
                for line in of_kind(entry.runtime_data.areas, Kind.LINE)
                for description in LINES
            ),
        ]
    )


class PorchlightSensor(PorchlightEntity, SensorEntity):
    """A sensor of one camera."""

    entity_description: PorchlightSensorDescription

    @property
    @override
    def native_value(self) -> float | datetime | None:
        """The value; unknown until a frame has told it."""
        return self.entity_description.value_fn(self.coordinator.data)


class LoadSensor(PorchlightEntity, SensorEntity):
    """What watching all cameras costs the box; there without a stream."""

    entity_description: LoadSensorDescription
    _needs_stream = False

    @property
    @override
    def native_value(self) -> float | None:
        """The value; unknown until the worker has told it."""
        load = self.coordinator.owner.load
        return None if load is None else self.entity_description.value_fn(load)


class DetectorSensor(PorchlightEntity, SensorEntity):
    """The engine that looks for people, on which model, and how fast; there without a stream."""

    _needs_stream = False

    @property
    @override
    def native_value(self) -> str | None:
        """The engine and its version; unknown without a detector."""
        outcome = self.coordinator.owner.detector.outcome
        if not isinstance(outcome, EngineReady):
            return None
        return f"{ENGINE_NAMES.get(outcome.engine, outcome.engine)} {outcome.version}"

    @property
    @override
    def extra_state_attributes(self) -> dict[str, str | float] | None:
        """The model's name, its threads and the milliseconds it takes for a picture."""
        outcome = self.coordinator.owner.detector.outcome
        if not isinstance(outcome, EngineReady):
            return None
        return {
            "model": Path(outcome.path).stem,
            "threads": outcome.threads,
            "inference_ms": outcome.inference_ms,
        }


class LineSensor(AreaEntity, SensorEntity):
    """How often a line was crossed one way; what was counted holds without a stream."""

    entity_description: LineSensorDescription
    _needs_stream = False

    @property
    @override
    def native_value(self) -> int:
        """Crossings since the line was drawn."""
        return self.coordinator.totals.of(self._area_id, inward=self.entity_description.inward)
