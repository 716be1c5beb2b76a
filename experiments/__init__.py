"""The experiments: one command each, python -m experiments.<name>."""
