"""Code of the commands in the folder above."""
