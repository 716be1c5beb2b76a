"""Proves that nets follow an automaton at every length: python -m experiments.prove --workdir=RUN.

With --check=FILE it checks one proof alone, and with --workdir=RUN too whether it is about a net of
that run.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from experiments.core.command import run_command
from experiments.core.config import Config
from experiments.core.flags import BACKEND_FLAGS, HELP_FLAG, Flag, flag_values
from jaxdl import UserError, backend
from jaxdl.verify import certificate

STEPS = 2000  # of a search; as in jaxdl.verify.search, which cannot be imported without JAX
FLAGS = {
    'workdir': Flag('', 'folder of a run of binary_add, recall or automaton'),
    'check': Flag(
        '',
        'check this certificate alone; with --workdir also whether it is about a net of that run',
    ),
    'as_trained': Flag(
        False,
        'never change the weights: search for covers of the states of nets that are not proved at '
        'first, instead of fine-tuning them',
    ),
    'word_steps': Flag(
        -1,
        'with --as_trained: after how many symbols the sets must close; '
        '-1: two lengths, 2 and 3 for adders, 1 and 2 for recall, 5 and 6 for two symbols',
    ),
    'history': Flag(
        -1,
        'one set for each automaton state, then for each state and last symbol, ... '
        'up to so many last symbols; -1: up to 2, while there are no more than 64 sets',
    ),
    'steps': Flag(STEPS, 'steps of each search, at most; a search that is stuck ends sooner'),
    **BACKEND_FLAGS,
    **HELP_FLAG,
}
TASKS = ('binary_add', 'recall', 'automaton')
MOST_HISTORY = 4
LAST_RECALLED_DIGIT = 20  # a recall net has a set for each digit before it
MOST_STEPS = 1_000_000  # hours of search
MOST_WORD_STEPS = 8  # that a certificate may have
MOST_WORDS = 1024  # of these steps; the memory of a search grows with them


def main(argv: Sequence[str]) -> None:
    """Looks for proofs of a run, or checks a certificate.

    Raises:
        UserError: What the user can put right.
    """
    flags = flag_values(argv, FLAGS, __doc__)
    if flags['check']:
        check_alone(flags['check'], flags['workdir'])
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
    word_steps = flags['word_steps']
    if word_steps != -1 and not 0 < word_steps <= MOST_WORD_STEPS:
        raise UserError(f'--word_steps={word_steps} must be from 1 to {MOST_WORD_STEPS}, or -1')
    if not 0 < flags['steps'] <= MOST_STEPS:
        raise UserError(f'--steps={flags["steps"]} must be from 1 to {MOST_STEPS:,}')
    backend.configure(precision=flags['precision'], compilation_cache=flags['compilation_cache'])
    prove(Path(flags['workdir']).expanduser(), flags)


def check_alone(file: str, run: str) -> None:
    """Says what a certificate proves.

    Args:
        file: The certificate.
        run: The folder of a run whose net it is to be about; '' for any net.

    Raises:
        UserError: It proves nothing, or nothing about a net of the run.
    """
    # Only the checker is imported, so that a machine without JAX can check.
    checker = _import_checker()
    try:
        claim = certificate.read(file)
        result = checker.check(claim)
    except certificate.Refused as error:
        raise UserError(f'{file} is refused: {error}') from None

    from experiments.proofs.check_wording import check_text

    print(check_text(file, result))
    if run:
        from experiments.proofs.claimed_net import find_net

        print(f'its weights are those of {find_net(Path(run).expanduser(), claim, TASKS)}')


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
    import jax

    from experiments.core.automata import automaton_of
    from experiments.proofs import files, wording
    from experiments.proofs.history import chosen_history
    from experiments.proofs.verdicts import Options, judge_population
    from experiments.training import finished_run
    from jaxdl import parallel

    parallel.initialize_devices(None, distributed=False)
    population = finished_run.load_population(folder, TASKS)
    config = population.config
    _require_provable(folder, config)
    automaton = automaton_of(config)
    history = chosen_history(automaton, flags['history'])
    as_trained = flags['as_trained']
    word_steps = max(flags['word_steps'], 0)
    options = Options(as_trained, history, flags['steps'], word_steps, folder / 'proofs')

    epoch = population.epochs[-1]
    # On the host, so that they can be spread over devices.
    params = jax.device_get(population.params_at(epoch)['params'])
    _require_few_words(len(automaton.symbols), word_steps)
    known = _known_verdicts(folder, epoch)
    judgement = judge_population(config, automaton, params, known, options)

    for seed, verdict in judgement.verdicts.items():
        print(f'seed {seed}: {wording.verdict_text(verdict)}')
    print(wording.summary_text(list(judgement.verdicts.values())))
    names = files.write_all(folder / 'proofs', population, epoch, judgement, as_trained)
    print(f'files in {folder / "proofs"}: {", ".join(names)}')


def _require_few_words(symbols: int, word_steps: int) -> None:
    """Raises UserError unless there are few enough words of so many symbols."""
    if symbols**word_steps > MOST_WORDS:
        raise UserError(
            f'--word_steps={word_steps} makes {symbols**word_steps:,} words of {symbols} symbols: '
            f'{MOST_WORDS:,} at most'
        )


def _known_verdicts(folder, epoch):
    """{seed: SeedVerdict} that the final test gave on the nets of this epoch."""
    from experiments.core.schemas.final_tests import TestWithVerdicts
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
