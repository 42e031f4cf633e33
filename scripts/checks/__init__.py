"""What `python -m scripts.checks` checks, a file for each subject."""
