"""Where this program runs from."""

from pathlib import Path

PROJECT_FILE = Path(__file__).parents[2] / 'pyproject.toml'  # of a clone


def is_in_a_clone() -> bool:
    """Whether this program runs from a clone of its repository, and not from an installed wheel."""
    return PROJECT_FILE.exists()
