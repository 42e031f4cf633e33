"""ONVIF's PTZ service: presets only, of a camera that is at each of them at once."""

from simulator.condition import Condition
from simulator.profiles import Profile, find
from simulator.service import Operation, Service
from simulator.soap import PTZ, SoapFault, SoapRequest, escape


class PtzService(Service):
    """Answers for one camera; both profiles turn with it. Presets have the tokens 1 to n."""

    namespace = PTZ
    prefix = "tptz"

    def __init__(
        self, names: tuple[str, ...], profiles: tuple[Profile, ...], condition: Condition
    ) -> None:
        self._names = names
        self._profiles = profiles
        self._condition = condition

    def operations(self) -> dict[str, Operation]:
        """Return its operations."""
        return {
            "GetPresets": Operation(self._get_presets),
            "GotoPreset": Operation(self._go_to_preset),
        }

    def _get_presets(self, request: SoapRequest) -> str:
        self._check(request)
        return "".join(
            f'<tptz:Preset token="{number}">'
            + (f"<tt:Name>{escape(name)}</tt:Name>" if name else "")
            + "</tptz:Preset>"
            for number, name in enumerate(self._names, 1)
        )

    def _go_to_preset(self, request: SoapRequest) -> str:
        self._check(request)
        token = request.text("PresetToken")
        if token not in {str(number) for number in range(1, len(self._names) + 1)}:
            raise SoapFault("ter:InvalidArgVal ter:NoToken", "No such preset")
        self._condition.presets_gone_to.append(token)
        return ""

    def _check(self, request: SoapRequest) -> None:
        if self._condition.control_faults.refuse:
            raise SoapFault("ter:NotAuthorized", "Sender not Authorized")
        find(self._profiles, request.text("ProfileToken"))
