"""A third party's RTSP server: GStreamer's, with Digest. Run by the system's Python.

gst_server.py FILE USER PASSWORD [udp] [sound] prints the port it listens on. It sends over TCP
alone, or over UDP alone.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402 - versions come first

Gst.init(None)
file, user, password, *more = sys.argv[1:]
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service("0")

auth = GstRtspServer.RTSPAuth()
auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
token = GstRtspServer.RTSPToken()
token.set_string("media.factory.role", "viewer")
auth.add_digest(user, password, token)
server.set_auth(auth)

factory = GstRtspServer.RTSPMediaFactory()
video = f'filesrc location="{file}" ! qtdemux ! h264parse config-interval=-1 ! rtph264pay name=pay0'
sound = "audiotestsrc ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay name=pay1"
factory.set_launch(f"( {video} {sound} )" if "sound" in more else f"( {video} )")
lower = GstRtsp.RTSPLowerTrans
factory.set_protocols(lower.UDP if "udp" in more else lower.TCP)
role = Gst.Structure.new_empty("viewer")
for permission in ("media.factory.access", "media.factory.construct"):
    role.set_value(permission, True)
factory.add_role_from_structure(role)
server.get_mount_points().add_factory("/camera", factory)
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
