"""The results of a run as a short text for the terminal."""

from collections.abc import Mapping
from pathlib import Path

from experiments.core.formatting import format_summary
from experiments.core.schemas.fields import Scores
from experiments.core.schemas.final_tests import (
    AdderTest,
    FinalTest,
    ImageTest,
    LengthTable,
    TestWithVerdicts,
)
from experiments.core.schemas.proofs import ProofResults, SeedVerdict
from experiments.core.schemas.results import RunResults
from jaxdl.metrics import Summary, SummaryList

SPLITS = ('train', 'validation', 'test')
MAX_LENGTHS = 10  # tables with more are thinned
THINNED_LENGTHS = (1, 5, 10, 20)  # and all above
SAMPLE_STRIDE = 5
MAX_COUNTEREXAMPLES = 3
INDENT = ' ' * 13
CELL = 13  # columns of text


def results_text(folder: Path, results: RunResults, proofs: ProofResults | None) -> str:
    """Scores, samples, what is known of each net, seconds, and where the files are.

    Args:
        folder: Of the run.
        results: The content of results.json.
        proofs: What `prove` found of this run, if anything.
    """
    lines = [f'\nafter epoch {results.epoch}, step {results.step}:']
    for split in SPLITS:
        scores = getattr(results, split)
        if scores:
            lines.append(f'  {split:11s} {_scores_text(scores)}')
    test = results.final_test
    if not isinstance(test, ImageTest):
        lines += _length_lines(test.by_length)
        lines += _sample_lines(test)
    lines += _verdict_lines(folder, results, proofs)
    seconds = [f'{name} {value:.1f}' for name, value in results.seconds.items()]
    lines.append(
        f'  {results.parameters:,} parameters; seconds of this session: {", ".join(seconds)}'
    )
    lines.append(
        f'files in {folder}: results.json, metrics.jsonl, figures/*.png, tensorboard/, checkpoints/'
    )
    return '\n'.join(lines)


def _scores_text(scores: Scores) -> str:
    parts = []
    for name, summary in scores.items():
        if name == 'loss':
            parts.append(f'loss {format_summary(summary)}')
        else:
            parts.append(f'{name.replace("_", " ")} {format_summary(summary, 100, 2)} %')
    return '   '.join(parts)


def _length_lines(tables: Mapping[str, LengthTable]) -> list[str]:
    """The strictest score by length, a line for each kind of string."""
    first_table = next(iter(tables.values()))
    score = 'exact_match' if 'exact_match' in first_table.scores else 'accuracy'
    columns = _shown_columns(first_table.lengths)
    header = ''.join(f'{first_table.lengths[i]:>{CELL}}' for i in columns)
    lines = [f'  {score.replace("_", " ")} in %, by length:', INDENT + header]
    for kind, table in tables.items():
        line = f'  {kind:11s}'
        for i in columns:
            cell = format_summary(_entry(table.scores[score], i), 100, 1)
            line += f'{cell:>{CELL}}'
        lines.append(line)
    return lines


def _shown_columns(lengths: list[int]) -> list[int]:
    if len(lengths) <= MAX_LENGTHS:
        return list(range(len(lengths)))
    columns = []
    for i, length in enumerate(lengths):
        if length in THINNED_LENGTHS or length > THINNED_LENGTHS[-1]:
            columns.append(i)
    return columns


def _entry(summary: SummaryList, i: int) -> Summary:
    """Entry i of a SummaryList."""
    ci95 = None if summary.ci95 is None else summary.ci95[i]
    return Summary(summary.mean[i], ci95)


def _sample_lines(test: FinalTest) -> list[str]:
    lines = []
    for i in range(SAMPLE_STRIDE - 1, len(test.samples), SAMPLE_STRIDE):
        if isinstance(test, AdderTest):
            _, question, answer, verdict = test.samples[i]
        else:
            question, _, answer, verdict = test.samples[i]
        lines.append(f'  sample: {question}, answered {answer}: {verdict}')
    return lines


def _verdict_lines(folder: Path, results: RunResults, proofs: ProofResults | None) -> list[str]:
    """What is known of each net, and of recall nets once `prove` has tried them."""
    verdicts: dict[str, SeedVerdict] = {}
    if isinstance(results.final_test, TestWithVerdicts):
        verdicts |= results.final_test.verdicts
    if proofs and proofs.epoch != results.epoch:
        proofs = None  # of an earlier net
    if proofs:
        for seed, verdict in proofs.seeds.items():
            if verdict.verdict != 'unknown' or seed not in verdicts:
                verdicts[seed] = verdict
    if not verdicts:
        return []

    kinds = [verdict.verdict for verdict in verdicts.values()]
    counts = [
        f'{kind} {kinds.count(kind)}'
        for kind in ('proved', 'falsified', 'unknown')
        if kind in kinds
    ]
    line = f'  right at every length: {", ".join(counts)}'
    if not proofs:
        line += f' (python -m experiments.prove --workdir={folder} looks for proofs)'
    lines = [line]
    fine_tuned = []
    if proofs:
        fine_tuned = [verdict for verdict in proofs.seeds.values() if verdict.change]
    if fine_tuned:
        lines.append(f'    proved after fine-tuning: {len(fine_tuned)} of {len(verdicts)}')
    falsified = [seed for seed in verdicts if verdicts[seed].verdict == 'falsified']
    for seed in falsified[:MAX_COUNTEREXAMPLES]:
        lines.append(f'    seed {seed} is falsified: {verdicts[seed].counterexample}')
    return lines
