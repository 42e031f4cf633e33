"""The checks of `python -m scripts.checks`, a file for each subject."""
