"""Proves that nets follow an automaton at every length: python -m experiments.prove --workdir=RUN.

With --check=FILE it checks one proof alone.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from experiments.core.command import run_command
from experiments.core.config import Config
from experiments.core.flags import BACKEND_FLAGS, HELP_FLAG, Flag, flag_values
from jaxdl import UserError, backend

FLAGS = {
    'workdir': Flag('', 'folder of a run of binary_add, recall or automaton'),
    'check': Flag('', 'check this certificate alone, and do nothing else'),
    'as_trained': Flag(
        False,
        'leave the weights as they are: search sets only; '
        'else weights and sets are fine-tuned together',
    ),
    'history': Flag(
        -1,
        'one set for each automaton state, then for each state and last symbol, ... '
        'up to so many last symbols; -1: up to 2, while there are no more than 64 sets',
    ),
    'steps': Flag(6000, 'steps of the search'),
    **BACKEND_FLAGS,
    **HELP_FLAG,
}
TASKS = ('binary_add', 'recall', 'automaton')
MOST_HISTORY = 4
LAST_RECALLED_DIGIT = 20  # a recall net has a set for each digit before it
MOST_STEPS = 1_000_000  # hours of search


def main(argv: Sequence[str]) -> None:
    """Looks for proofs of a run, or checks a certificate.

    Raises:
        UserError: What the user can put right.
    """
    flags = flag_values(argv, FLAGS)
    if flags['check']:
        check_alone(flags['check'])
        return
    if not flags['workdir']:
        raise UserError(
            '--workdir=RUN, the folder of a run of binary_add, recall or automaton, or '
            '--check=FILE is needed'
        )
    if not -1 <= flags['history'] <= MOST_HISTORY:
        raise UserError(
            f'--history={flags["history"]} must be from 0 to {MOST_HISTORY}, or -1: '
            'each last symbol makes four times as many sets for adders, ten times for recall'
        )
    if not 0 < flags['steps'] <= MOST_STEPS:
        raise UserError(f'--steps={flags["steps"]} must be from 1 to {MOST_STEPS:,}')
    backend.configure(precision=flags['precision'], compilation_cache=flags['compilation_cache'])
    prove(Path(flags['workdir']).expanduser(), flags)


def check_alone(file: str) -> None:
    """Says what a certificate proves.

    Raises:
        UserError: It proves nothing.
    """
    # Only the checker is imported, so that a machine without JAX can check.
    checker = _import_checker()
    try:
        result = checker.check_file(file)
    except checker.Refused as error:
        raise UserError(f'{file} is refused: {error}') from None

    from experiments.proofs.check_wording import check_text

    print(check_text(file, result))


def _import_checker() -> ModuleType:
    try:
        from jaxdl.verify import check
    except ModuleNotFoundError:
        raise UserError(
            'proofs are checked with python-flint, which is not installed; '
            'try pip install python-flint'
        ) from None
    return check


def prove(folder: Path, flags: Mapping[str, Any]) -> None:
    """Falsifies or proves the nets of a run, and writes what it finds to the folder `proofs`.

    Args:
        folder: Of the run.
        flags: Of the command, by name.

    Raises:
        UserError: There is no run, or none of nets that can be proved.
    """
    _import_checker()

    # Imported here: --help and --check need no JAX.
    from experiments.core.automata import automaton_of
    from experiments.core.file_schema import ProofResults
    from experiments.proofs import files, wording
    from experiments.proofs.certify import Options
    from experiments.proofs.history import chosen_history
    from experiments.proofs.verdicts import judge_population
    from experiments.training import finished_run

    config, _, epochs, params_at = finished_run.load_population(folder, TASKS)
    _require_provable(folder, config)
    automaton = automaton_of(config)
    history = chosen_history(automaton, flags['history'])
    as_trained = flags['as_trained']
    options = Options(as_trained, history, flags['steps'])

    epoch = epochs[-1]
    params = params_at(epoch)['params']
    known = _known_verdicts(folder, epoch)
    judgement = judge_population(config, automaton, params, known, options)

    for seed, verdict in judgement.verdicts.items():
        print(f'seed {seed}: {wording.verdict_text(verdict)}')
    print(wording.summary_text(list(judgement.verdicts.values()), as_trained))
    weights = 'as trained' if as_trained else 'fine-tuned from them'
    verdicts = {str(seed): verdict for seed, verdict in judgement.verdicts.items()}
    results = ProofResults(weights, epoch, verdicts)
    names = files.write_proofs(folder / 'proofs', results, judgement.certified)
    if judgement.certified:
        names += files.write_figures(folder / 'proofs', config, automaton, params, judgement)
    print(f'files in {folder / "proofs"}: {", ".join(names)}')


def _known_verdicts(folder, epoch):
    """{seed: SeedVerdict} that the final test gave on the nets of this epoch."""
    from experiments.core.file_schema import TestWithVerdicts
    from experiments.training import workdir

    results = workdir.read_results(folder)
    if results and results.epoch == epoch and isinstance(results.final_test, TestWithVerdicts):
        return results.final_test.verdicts
    return {}


def _require_provable(folder: Path, config: Config) -> None:
    """Raises UserError unless the nets of the run can be proved."""
    if config.layers > 1 or config.bidirectional or config.activation != 'tanh':
        directions = 'two directions' if config.bidirectional else 'one direction'
        raise UserError(
            f'{folder} holds a net of {config.layers} layers, {directions} and '
            f'{config.activation}: proofs are for one layer, one direction and tanh'
        )
    if not config.reset_after:
        raise UserError(
            f'{folder} holds a GRU of --noreset_after: proofs are for one that resets after the '
            'product; train it without that flag'
        )
    if config.task == 'recall' and config.k > LAST_RECALLED_DIGIT:
        raise UserError(
            f'{folder} recalls digit {config.k}: proofs are for digit {LAST_RECALLED_DIGIT} at most'
        )


if __name__ == '__main__':
    run_command(main)
