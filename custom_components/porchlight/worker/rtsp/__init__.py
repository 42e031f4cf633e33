"""Our own side of RTSP: the session with a camera, and a relay that FFmpeg reads it from."""
