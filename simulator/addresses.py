"""Where a camera says its services are."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Host and ports as the camera advertises them."""

    host: str
    port: int
    rtsp_port: int
    rtsp_scheme: str = "rtsp"

    def service(self, name: str) -> str:
        """Return the URL of a SOAP service: device, media, media2, events or ptz."""
        return f"http://{self.host}:{self.port}/onvif/{name}_service"

    def subscription(self, number: int) -> str:
        """Return the URL of a pull-point subscription."""
        return f"http://{self.host}:{self.port}/onvif/subscription/{number}"

    def stream(self, path: str) -> str:
        """Return the RTSP URL of a stream."""
        return f"{self.rtsp_scheme}://{self.host}:{self.rtsp_port}/{path}"

    def snapshot(self, path: str) -> str:
        """Return the URL of a still picture."""
        return f"http://{self.host}:{self.port}/snapshot/{path}.jpg"
