"""Numbers as text."""

from jaxdl.metrics import Summary


def format_summary(summary: Summary, scale: float = 1, digits: int = 4) -> str:
    """'mean ± half-width' of the confidence interval, or the mean alone for one seed."""
    mean = f'{scale * summary.mean:.{digits}f}'
    if summary.ci95 is None:
        return mean
    return f'{mean} ± {scale * summary.ci95:.{digits}f}'
