"""Trains and tests one run: python -m experiments.main --task=binary_add --hidden=5."""

import time

START = time.perf_counter()

import dataclasses

from experiments.reports import presets
from experiments.training import workdir
from experiments.core.command import (
    CACHE_FLAG,
    command,
    help_text,
    parse,
    use_compilation_cache,
    use_loop_kernels,
)
from experiments.core.config import CHOICES, Config

OWN_FLAGS = {
    'preset': ('', "a reported row's id, E-lstm128 say, whose settings are the defaults"),
    'resume': (True, 'go on with the run in workdir; --noresume replaces it'),
    'distributed': (
        False,
        'one of several hosts that run this same command, with a --workdir that all see',
    ),
    **CACHE_FLAG,
    'help': (False, 'show this, with the defaults of the --task or --preset given'),
}

STOPPED = 'stopped; the same command (without --noresume) goes on from the last finished epoch'
MEMORY = 'not enough memory; lower --seeds, --batch_size or --hidden'


def main(argv):
    given = parse(argv, {**_fields(Config()), **OWN_FLAGS})
    own = {name: given.pop(name, default) for name, (default, _) in OWN_FLAGS.items()}
    base = presets.base(given.get('task'), given.get('dataset'), own['preset'])
    if own['help']:
        print(help_text({**_fields(base), **OWN_FLAGS}))
        return
    config = dataclasses.replace(base, **given)
    if config.batch_size <= 8 or config.net() != 'cnn' and config.hidden <= 10:
        use_loop_kernels()
    from experiments.training.run import run
    from jaxdl import parallel

    use_compilation_cache(own['compilation_cache'])
    parallel.start(config.axes(), own['distributed'])
    folder, results = run(config, own['resume'], seconds={'import': time.perf_counter() - START})
    if parallel.first():
        _show(folder, results)


def _fields(base):
    """{name: (default, help)} of every Config field, with the values of `base` as defaults."""
    return {
        field.name: (
            getattr(base, field.name),
            field.metadata['help']
            + (f' ({" | ".join(CHOICES[field.name])})' if field.name in CHOICES else ''),
        )
        for field in dataclasses.fields(Config)
    }


def _show(folder, results):
    """The short table of results, and where the files are."""
    from experiments.training.epoch_metrics import show

    print(f'\nafter epoch {results["epoch"]}, step {results["step"]}:')
    for split in ('train', 'validation', 'test'):
        if split in results:
            scores = (
                f'{name} {show(value)}'
                if name == 'loss'
                else f'{name.replace("_", " ")} {show(value, 100, 2)} %'
                for name, value in results[split].items()
            )
            print(f'  {split:11s} ' + '   '.join(scores))
    tables = results['tested'].get('by_length', {})
    for number, (kind, table) in enumerate(tables.items()):
        score = 'exact_match' if 'exact_match' in table else 'accuracy'
        shown = [
            i
            for i, n in enumerate(table['lengths'])
            if len(table['lengths']) <= 10 or n in (1, 5, 10, 20) or n > 20
        ]
        if number == 0:
            print(
                f'  {score.replace("_", " ")} in %, by length:\n'
                + ' ' * 13
                + ''.join(f'{table["lengths"][i]:>13}' for i in shown)
            )
        cells = [
            {part: values and values[i] for part, values in table[score].items()} for i in shown
        ]
        print(f'  {kind:11s}' + ''.join(f'{show(cell, 100, 1):>13}' for cell in cells))
    for *question, answer, verdict in results['tested'].get('samples', [])[4::5]:
        print(
            f'  sample: {question[-1] if results["config"]["task"] == "binary_add" else question[0]}, answered {answer}: {verdict}'
        )
    _show_verdicts(folder, results)
    print(
        f'  {results["parameters"]:,} parameters; seconds of this session: '
        + ', '.join(f'{name} {value:.1f}' for name, value in results['seconds'].items())
    )
    print(
        f'files in {folder}: results.json, metrics.jsonl, figures/*.png, tensorboard/, checkpoints/'
    )


def _show_verdicts(folder, results):
    """What is known of adders, and of recall nets once prove has tried them: proved right at every length, refuted, or neither."""
    verdicts = results['tested'].get('verdicts', {})
    proofs = workdir.results_of(folder, 'proofs/proofs.json')
    proofs = proofs if proofs and proofs['epoch'] == results['epoch'] else None
    if not verdicts and not proofs:
        return
    for seed, row in proofs['seeds'].items() if proofs else ():
        verdicts[seed] = row if row['verdict'] != 'unknown' else verdicts.get(seed, row)
    kinds = [row['verdict'] for row in verdicts.values()]
    print(
        '  right at every length: '
        + ', '.join(
            f'{kind} {kinds.count(kind)}'
            for kind in ('proved', 'refuted', 'unknown')
            if kind in kinds
        )
        + ('' if proofs else f' (python -m experiments.prove --workdir={folder} looks for proofs)')
    )
    if proofs and proofs['weights'] != 'as trained':
        print(
            f'    proved after fine-tuning: {sum("slack" in row for row in proofs["seeds"].values())} of {len(verdicts)}'
        )
    for seed, row in [(seed, row) for seed, row in verdicts.items() if row['verdict'] == 'refuted'][
        :3
    ]:
        print(f'    seed {seed} is refuted: {row["counterexample"]}')


if __name__ == '__main__':
    command(main, stopped=STOPPED, memory=MEMORY)
