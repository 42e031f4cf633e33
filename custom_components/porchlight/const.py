"""Names that the HA-facing files share."""

from typing import Final

DOMAIN: Final = "porchlight"

CONF_ADDRESS: Final = "address"
CONF_BUDGET: Final = "budget"
CONF_CAMERA: Final = "camera"
CONF_DETECT: Final = "detect"
CONF_ENDPOINT: Final = "endpoint"
CONF_ENGINE: Final = "engine"
CONF_FILE: Final = "file"
CONF_FIRMWARE: Final = "firmware"
CONF_MAC: Final = "mac"
CONF_MANUFACTURER: Final = "manufacturer"
CONF_MODEL: Final = "model"
CONF_ONVIF_PATH: Final = "onvif_path"
CONF_PICTURES: Final = "pictures"
CONF_SERIAL: Final = "serial"
CONF_STREAM: Final = "stream"
CONF_LIVE_STREAM: Final = "live_stream"

EVENT_ARRIVED: Final = "person_arrived"
EVENT_LEFT: Final = "person_left"
