"""What touches sockets, codecs, engines and files: runs as processes beside Home Assistant."""
