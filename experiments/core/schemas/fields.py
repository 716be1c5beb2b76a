"""What the schemas of several files are made of: kinds of fields, scores, layer statistics."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from jaxdl.metrics import Summary, SummaryList

Scores = dict[str, Summary]  # by the name of the score: 'loss', 'accuracy', ...
# JSON has no largest integer. Beyond this one a float does not hold every integer.
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


def present(struct: msgspec.Struct, names: Sequence[str]) -> dict[str, Any]:
    """Those of the named fields of an object that are not None, by name."""
    fields = {}
    for name in names:
        value = getattr(struct, name)
        if value is not None:
            fields[name] = value
    return fields


class LayerStatistics(msgspec.Struct, frozen=True, omit_defaults=True):
    """The values of a layer, or of its weights, at one step of training or after the last one.

    Attributes:
        mean, std, min, max: Summaries over seeds.
        dead: The share of units that are constant on all examples. None for weights.
        range: The smallest and the largest value of the first seed. None after the last step.
        histogram: Counts in equal bins over that range, of the first seed. None likewise.
    """

    mean: Summary
    std: Summary
    min: Summary
    max: Summary
    dead: Summary | None = None
    range: Annotated[list[float], msgspec.Meta(min_length=2, max_length=2)] | None = None
    histogram: Annotated[list[Count], msgspec.Meta(min_length=1)] | None = None

    def summaries(self) -> Scores:
        """The statistics that are Summaries and that it has, by name."""
        return present(self, ('mean', 'std', 'min', 'max', 'dead'))


def check_entries(name: str, summary: SummaryList, count: int) -> None:
    """Checks that a SummaryList, and each of its seeds, has so many entries.

    Raises:
        ValueError: It has more or fewer; the message calls it by its name.
    """
    for entries in (summary.mean, summary.ci95, *(summary.seeds or [])):
        if entries is not None and len(entries) != count:
            raise ValueError(f'{name} must have {count} entries')
