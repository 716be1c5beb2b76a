"""The beginning of the page: the reports, the rule of the verdicts, and how many numbers stand."""

from collections import Counter
from collections.abc import Mapping

from experiments.reports import catalogue
from experiments.reports.agreement import RULE, Verdict
from experiments.reports.evidence import Evidence
from experiments.reports.page.document import Page
from experiments.reports.page.sequence_claims import ADDERS_OF_E
from experiments.reports.reported import REPORTS
from jaxdl.figures import comparisons

WIDE = 0.1  # where so large a difference is allowed, a number that stands says little


def headline(verdicts: Mapping[str, Verdict]) -> str:
    """How many reported numbers stand.

    Args:
        verdicts: By id. Rows of the same Config and the same number count once.
    """
    configs = catalogue.runs()
    verdict_of_number = {}
    for name, verdict in verdicts.items():
        if verdict.reported is not None:
            # Two rows may be one run under two names, with one number.
            run_and_number = catalogue.first_id(name, configs), verdict.reported
            verdict_of_number[run_and_number] = verdict
    counts = Counter(verdict.kind for verdict in verdict_of_number.values())
    parts = [
        f'Of {len(verdict_of_number)} reported accuracies {counts["stands"]} stand',
        f'{counts["differs"]} differ',
    ]
    if counts['diverged']:
        parts.append(f'{counts["diverged"]} diverged')
    if counts['one seed']:
        parts.append(f'{counts["one seed"]} of one seed')
    if counts['not run']:
        parts.append(f'{counts["not run"]} not run yet')
    return f'{", ".join(parts)}.'


def write(page: Page, evidence: Evidence, verdicts: Mapping[str, Verdict]) -> None:
    """Writes the beginning of the page."""
    page.text(
        'Five course reports train recurrent and convolutional nets, each net in a single run. '
        'This page repeats the runs with several seeds, and sets the results beside the reported '
        'numbers.'
    )
    descriptions = []
    for letter, report in REPORTS.items():
        descriptions.append(f'**Report {letter}** {report.description}')
    page.list(descriptions)
    # The rule comes before the headline, since it says what 'stands' means.
    page.text(RULE)
    wide = 0
    for verdict in verdicts.values():
        if verdict.kind == 'stands' and verdict.half_width > WIDE:
            wide += 1
    page.text(
        f'**{headline(verdicts)}** {wide} of the rows that stand have an allowed difference of '
        'more than ten points, since their seeds scatter so widely.'
    )
    page.text(
        'Every number of ours is computed from the files in `experiments/results` by '
        '`python -m experiments.report`; `python -m experiments.reproduce` made these files. '
        'Seconds are those of training, for one seed, on the device that is named.'
    )
    if evidence.results:
        page.text(f'Made with {"; ".join(_versions(evidence))}.')
    _write_luck(page, evidence)


def _versions(evidence: Evidence) -> list[str]:
    """The versions that the results were made with, and how many rows with each."""
    counts = Counter()
    for results in evidence.results.values():
        versions = results.versions
        counts[
            f'Python {versions["python"]}, jax {versions["jax"]}, flax {versions["flax"]}, '
            f'optax {versions["optax"]}'
        ] += 1
    return [f'{versions} ({count} rows)' for versions, count in counts.items()]


def _write_luck(page: Page, evidence: Evidence) -> None:
    """The figure that shows best how little a single run says."""
    adders = evidence.finished(ADDERS_OF_E)
    if not adders:
        return
    scores, reported = {}, {}
    for name in adders:
        scores[name] = evidence.results[name].final_test.exact_match.seeds
        reported[name] = evidence.reported[name].reported_test_acc
    page.figure(
        'luck',
        comparisons.seed_scores(
            "Report E's adders: what one run says, and what a hundred say",
            'whole sums right, lengths 1 to 20',
            scores,
            reported,
        ),
        "Each dot is a seed, the star is the report's one run",
    )
