"""What lives as long as Home Assistant runs: the worker, its cameras and their open visits."""
