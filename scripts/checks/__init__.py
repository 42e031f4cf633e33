"""What scripts/validate.py checks, a file for each subject."""
