"""The typed facade over a camera's ONVIF services."""
