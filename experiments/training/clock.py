"""The seconds of a run, by what they were spent on."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class Clock:
    """Adds up seconds by name. A span inside another one is not counted in the outer one.

    Attributes:
        seconds: By name.
    """

    def __init__(self, seconds: Mapping[str, float] | None = None):
        """Starts with the seconds that were spent already."""
        self.seconds = dict(seconds or {})

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        """Adds the time of a with block to the seconds of `name`."""
        started = time.perf_counter()
        known = sum(self.seconds.values())
        yield
        elapsed = time.perf_counter() - started
        nested = sum(self.seconds.values()) - known
        self.seconds[name] = self.seconds.get(name, 0.0) + elapsed - nested
