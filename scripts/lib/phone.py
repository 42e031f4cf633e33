"""A phone that prints notifications, registered like the Home Assistant app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scripts.lib.live import HomeAssistant

NAME = "Demo phone"
_REGISTRATION = {
    "app_id": "porchlight.demo",
    "app_name": "Porchlight demo",
    "app_version": "1",
    "device_id": "porchlight-demo",
    "device_name": NAME,
    "manufacturer": "Simulated",
    "model": "Terminal",
    "os_name": "Linux",
    "os_version": "1",
    "supports_encryption": False,
    # Notifications come over the connection to Home Assistant, without a server on the Internet.
    "app_data": {"push_websocket_channel": True},
}


async def register(home: HomeAssistant) -> str:
    """Register the phone; returns what `notifications` needs. Raises LiveError."""
    answer = await home.post("/api/mobile_app/registrations", _REGISTRATION)
    return str(answer["webhook_id"])


async def notifications(home: HomeAssistant, webhook_id: str) -> AsyncIterator[dict[str, Any]]:
    """Each notification to the phone, forever. Raises LiveError."""
    async with home.websocket() as call:
        channel = {"type": "mobile_app/push_notification_channel", "webhook_id": webhook_id}
        await call(channel)
        async for notification in call.events():
            yield notification
