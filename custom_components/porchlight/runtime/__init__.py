"""What lives while Home Assistant lives: the worker, its cameras and their open visits."""
