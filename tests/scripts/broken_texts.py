"""Ways to break texts, icons and the code that they belong to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from scripts.checks import entities, flows, texts

from .copies import COMPONENT, ENGLISH, GONE, Break, more, text, value

if TYPE_CHECKING:
    from pathlib import Path

    from scripts.checks.tree import Check

ICONS = f"{COMPONENT}/icons.json"
FLOW = f"{COMPONENT}/config_flow.py"
AREAS = f"{COMPONENT}/flows/area_steps.py"
LINE = '_async_shape("line", self._plain_schema(), user_input)'
RAISES = """

def fail() -> None:
    raise HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="no_worker",
        translation_placeholders={"detail": ""},
    )
"""
REGISTERS = """

def register(hass: HomeAssistant) -> None:
    hass.services.async_register(DOMAIN, "look", print)
"""


def english(path: str, new: object, says: str, name: str = "") -> Break:
    """Change an English text."""
    return Break(name=name or f"{path}-{new}", how=value(ENGLISH, path, new), says=says)


def without(path: str) -> Break:
    """Remove an English text."""
    return Break(
        name=f"without {path}",
        how=value(ENGLISH, path, GONE),
        says=f"{path.replace('/', '.')} is missing",
    )


def idle(path: str, new: object = "Idle") -> Break:
    """Add an English text that nothing uses."""
    return Break(
        name=f"idle {path}",
        how=value(ENGLISH, path, new),
        says=f"{path.replace('/', '.')} is not used",
    )


def by_name(step: str, schema: str) -> str:
    """Another way for a step to show a shape."""
    return f'_async_shape(user_input=user_input, schema=self.{schema}(), step_id="{step}")'


def _german(root: Path) -> None:
    content = json.loads((root / ENGLISH).read_text(encoding="utf-8"))
    content["config"]["flow_title"] = "{kamera}"
    (root / COMPONENT / "translations" / "de.json").write_text(json.dumps(content))


def _raised_with_a_text(root: Path) -> None:
    more(f"{COMPONENT}/owner.py", RAISES)(root)
    value(ENGLISH, "exceptions", {"no_worker": {"message": "{why}"}})(root)


def _registered_and_described(root: Path) -> None:
    more(f"{COMPONENT}/owner.py", REGISTERS)(root)
    more(f"{COMPONENT}/services.yaml", "look:\n  fields:\n    camera:\n")(root)
    value(ENGLISH, "services", {"look": {"name": "Look", "description": "Looks."}})(root)


BREAKS: dict[Check, list[Break]] = {
    texts.text_form: [
        english("colour", {"a": "b"}, "colour is not a section"),
        english("config/error/Bad", "Bad.", "Bad is not a key"),
        english("config/error/broken", "", "is empty", "empty"),
        english("config/error/broken", "Broken. ", "blanks around it", "blank"),
        english("config/error/broken", "[%key:common::x%]", "a reference", "reference"),
        english("config/error/broken", "<b>Broken</b>", "HTML", "HTML"),
        english("config/error/broken", "See https://example.org", "an address", "address"),
        english("config/error/broken", "It's '{name}'", "in single quotes", "quotes"),
    ],
    texts.languages: [
        Break(
            name="hardly translated",
            how=more(f"{COMPONENT}/translations/de.json", '{"config": {}}'),
            says="de.json.config.flow_title is missing",
        ),
        Break(name="other placeholders", how=_german, says="flow_title has other placeholders"),
        Break(
            name="a stray file",
            how=more(f"{COMPONENT}/translations/notes.txt", "Hm."),
            says="notes.txt is not a translation",
        ),
        Break(name="core's file", how=more(f"{COMPONENT}/strings.json", "{}"), says="is not read"),
    ],
    flows.flow_texts: [
        without("config/step/pick/data/camera"),
        without("config/step/camera/data_description/password"),
        without("config/step/camera/title"),
        without("config/step/confirm/data/name"),
        without("config/error/invalid_address"),
        without("config/error/cannot_connect"),
        without("config/abort/another_camera"),
        without("config/abort/already_configured"),
        without("config/abort/already_in_progress"),
        without("config/abort/reauth_successful"),
        without("config/abort/reconfigure_successful"),
        without("config/progress/scan"),
        without("options/step/init/menu_options/sensitivity"),
        without("options/step/detector/data/file"),
        without("options/step/zone/data/stay"),
        without("options/step/mask/title"),
        without("options/step/line/data/delete"),
        without("options/error/engine_crashed"),
        without("options/error/model_file_invalid"),
        idle("config/step/old", {"title": "Old"}),
        idle("config/step/pick/data/colour"),
        idle("config/error/old"),
        idle("config/abort/old"),
        idle("config/progress/old"),
        idle("options/step/mask/data/stay"),
        idle("options/error/old"),
        Break(
            name="a shape that leads nowhere",
            how=text(AREAS, '_async_shape("line"', '_async_shape("lines"'),
            says="options has no step lines",
        ),
        Break(
            name="a shape by name that leads nowhere",
            how=text(AREAS, LINE, by_name("lines", "_plain_schema")),
            says="options has no step lines",
        ),
        Break(
            name="a shape by name with a field",
            how=text(AREAS, LINE, by_name("line", "_zone_schema")),
            says="options.step.line.data.stay is missing",
        ),
        Break(
            name="a dead end",
            how=text(FLOW, 'next_step_id="confirm"', 'next_step_id="confirmed"'),
            says="config has no step confirmed",
        ),
        Break(
            name="a new field",
            how=text(FLOW, "probatio.Required(CONF_NAME)", 'probatio.Required("colour")'),
            says="config.step.confirm.data.colour is missing",
        ),
        Break(
            name="a new error",
            how=text(FLOW, 'errors[CONF_CAMERA] = "already_configured"', 'errors["a"] = "taken"'),
            says="config.error.taken is missing",
        ),
    ],
    flows.handed_on_errors: [
        Break(
            name="a forgotten one",
            how=text(f"{COMPONENT}/flows/proof.py", '"stalled",\n', ""),
            says="stalled is reported as unknown",
        ),
        Break(
            name="an invented one",
            how=text(f"{COMPONENT}/flows/proof.py", '"stalled",\n', '"stalled", "jammed",\n'),
            says="nothing fails with jammed",
        ),
    ],
    texts.flow_placeholders: [
        english("config/flow_title", "{colour}", "config.flow_title has {colour}"),
        english("config/step/pick/description", "{colour}", "config.step.pick has {colour}"),
        english("options/step/line/description", "{colour}", "options.step.line has {colour}"),
        english("options/error/engine_crashed", "{why}", "options.error.engine_crashed has {why}"),
    ],
    texts.selectors: [
        without("selector/camera/options/scan_again"),
        without("selector/model/options/auto"),
        without("selector/model"),
        without("selector/engine/options/ncnn"),
        idle("selector/model/options/old"),
        Break(
            name="a new model",
            how=value(f"{COMPONENT}/detection/assets.json", "0/file", "models/new.tflite"),
            says="selector.model.options.new is missing",
        ),
        Break(
            name="a new selector",
            how=text(FLOW, 'translation_key="camera"', 'translation_key="colour"'),
            says="selector.colour is missing",
        ),
    ],
    texts.issue_texts: [
        without("issues/storage"),
        without("issues/engine_crashed"),
        without("issues/model_not_kept"),
        without("issues/camera_set_aside/fix_flow/step/confirm"),
        without("issues/storage/description"),
        idle("issues/old", {"title": "Old", "description": "Old"}),
        idle("issues/camera_set_aside/description"),
        english("issues/storage/title", "{colour}", "issues.storage has {colour}"),
    ],
    texts.exceptions: [
        Break(
            name="a new one",
            how=more(f"{COMPONENT}/owner.py", RAISES),
            says="exceptions.no_worker is missing",
        ),
        Break(name="a placeholder", how=_raised_with_a_text, says="exceptions.no_worker has {why}"),
        Break(
            name="an old one",
            how=value(ENGLISH, "exceptions", {"old": {"message": "Old"}}),
            says="exceptions.old is not used",
        ),
    ],
    entities.entity_texts: [
        Break(
            name="no name",
            how=value(ENGLISH, "entity/sensor/people", GONE),
            says="translations: entity.sensor.people is missing",
        ),
        Break(
            name="no icon",
            how=value(ICONS, "entity/sensor/people", GONE),
            says="icons: entity.sensor.people is missing",
        ),
        Break(
            name="no key",
            how=text(f"{COMPONENT}/sensor.py", 'translation_key="people",', ""),
            says="sensor.py: people has no translation_key",
        ),
        Break(
            name="an old name",
            how=value(ENGLISH, "entity/sensor/old", {"name": "Old"}),
            says="translations: entity.sensor.old is not used",
        ),
        Break(
            name="an old icon",
            how=value(ICONS, "entity/sensor/old", {"default": "mdi:walk"}),
            says="icons: entity.sensor.old is not used",
        ),
        Break(
            name="a name without a name",
            how=value(ENGLISH, "entity/sensor/people/name", GONE),
            says="sensor.people has no name",
        ),
        Break(
            name="an entity without a description",
            how=more(f"{COMPONENT}/sensor.py", '\nclass A:\n    _attr_translation_key = "age"\n'),
            says="translations: entity.sensor.age is missing",
        ),
    ],
    entities.event_types: [
        without("entity/event/person/state_attributes/event_type/state/person_left"),
        idle("entity/event/person/state_attributes/event_type/state/old"),
    ],
    entities.icon_names: [
        Break(
            name="another set",
            how=value(ICONS, "entity/sensor/people/default", "fa:walk"),
            says="fa:walk is not an icon",
        ),
        Break(
            name="no default",
            how=value(ICONS, "entity/sensor/people", {"state": {"1": "mdi:walk"}}),
            says="sensor.people has no default",
        ),
    ],
    entities.actions: [
        Break(
            name="not described",
            how=more(f"{COMPONENT}/owner.py", REGISTERS),
            says="services.yaml.look is missing",
        ),
        Break(
            name="not registered",
            how=more(f"{COMPONENT}/services.yaml", "look:\n"),
            says="services.yaml.look is not used",
        ),
        Break(
            name="not translated",
            how=more(f"{COMPONENT}/services.yaml", "look:\n"),
            says="translations: services.look is missing",
        ),
        Break(
            name="no icon",
            how=_registered_and_described,
            says="icons: services.look is missing",
        ),
        Break(
            name="a field without a text",
            how=_registered_and_described,
            says="services.look.fields.camera is missing",
        ),
    ],
}
