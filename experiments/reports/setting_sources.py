"""Where each setting of a preset comes from.

A report gives some settings. Others follow from its code, the text of its course or its framework,
whose defaults it used. We have chosen the rest: guesses that fit the reported numbers.
"""

from typing import Literal, NamedTuple

from experiments.core.defaults import TASK_DEFAULTS
from experiments.reports.presets import CHOSEN, settings_of
from experiments.reports.reported import reported_rows

Source = Literal['given', 'implied', 'chosen']


class Sources(NamedTuple):
    """The sources of settings: names of fields of Config, apart by spaces."""

    given: str = ''
    implied: str = ''
    chosen: str = ''


# By the beginning of a row's id. A later entry overrides an earlier one.
SOURCES = {
    # The skeleton of A's course has Adam at 1e-2, and leaves the layers open.
    'A-': Sources(
        given='cell hidden batch_size epochs validation_size',
        implied='bidirectional init optimizer learning_rate loss',
        chosen='layers activation pixels',
    ),
    'A-rnn256-sgd': Sources(given='optimizer learning_rate', chosen='momentum'),
    'A-rnn128-rmsprop': Sources(given='optimizer learning_rate'),
    'A-cifar': Sources(implied='activation dense_activation'),
    # B's report says little; its code is known.
    'B-': Sources(
        given='cell hidden',
        implied='layers bidirectional activation init head_init optimizer learning_rate loss '
        'batch_size steps shuffle validation_size gate_bias reset_after',
    ),
    'B-cifar': Sources(
        given='activation optimizer',
        implied='dropout per_class test_per_class train_size l2 momentum',
    ),
    'B-cifar-relu-adam-glorot': Sources(given='init'),
    'B-cifar-relu-adam-reg-long': Sources(chosen='steps'),
    'B-cifar-relu-momentum': Sources(chosen='learning_rate momentum'),
    'B-cifar-relu-mom0': Sources(given='learning_rate momentum', chosen='l2 steps'),
    # C's report points at its code.
    'C-': Sources(
        given='cell',
        implied='layers bidirectional activation init head_init optimizer learning_rate loss '
        'batch_size steps validation_size rmsprop_decay rmsprop_start gate_bias reset_after hidden',
    ),
    'C-lstm': Sources(chosen='hidden'),
    'C-gru': Sources(chosen='hidden'),
    'C-rnn64': Sources(given='hidden'),
    'C-rnn100': Sources(given='hidden'),
    'C-rnn256': Sources(given='hidden'),
    'C-cifar': Sources(
        given='optimizer learning_rate',
        implied='dropout per_class test_per_class train_size',
    ),
    'C-cifar-lr2e-2': Sources(chosen='optimizer'),
    'D-': Sources(
        given='cell hidden layers bidirectional optimizer learning_rate momentum weight_decay loss '
        'epochs train_size min_length max_length k',
        implied='activation init validation_size fresh',
        chosen='batch_size',
    ),
    'D-add': Sources(implied='cell'),
    'E-': Sources(
        given='cell hidden bidirectional optimizer learning_rate loss batch_size epochs l2',
        implied='layers activation init',
        chosen='validation_size pixels l2_of',
    ),
    'E-gru128': Sources(chosen='hidden'),
    'E-bilstm128': Sources(chosen='hidden'),
    'E-recall': Sources(given='min_length max_length fresh', chosen='k train_size'),
    'E-recall-gru10': Sources(given='k'),
    'E-add': Sources(given='min_length max_length fresh', chosen='batch_size train_size'),
}


def setting_sources(row_id: str) -> dict[str, Source]:
    """Where each setting comes from that a preset has beside the defaults of its task.

    Args:
        row_id: Of a row that trains a net.

    Returns:
        {field of Config: its source}.

    Raises:
        KeyError: SOURCES does not say it of a setting.
    """
    if row_id in CHOSEN:
        chosen = CHOSEN[row_id]
        sources = {} if chosen.base in TASK_DEFAULTS else setting_sources(chosen.base)
        return sources | dict.fromkeys(chosen.settings, 'chosen')
    known = _known_sources(row_id)
    return {field: known[field] for field in settings_of(reported_rows()[row_id])}


def _known_sources(row_id: str) -> dict[str, Source]:
    known: dict[str, Source] = {}
    for prefix, sources in SOURCES.items():
        if row_id.startswith(prefix):
            for source, fields in sources._asdict().items():
                known |= dict.fromkeys(fields.split(), source)
    return known
