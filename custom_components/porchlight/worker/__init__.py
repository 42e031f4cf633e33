"""All work with sockets, codecs, engines and files, in processes beside Home Assistant."""
