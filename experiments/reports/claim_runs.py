"""Runs that only claims ask for: those of the reports with a setting changed."""

from collections.abc import Mapping
from dataclasses import replace

from experiments.core.config import Config

TIMED_PREFIX = 'claim-time-'  # of runs that train alone, so that their seconds are theirs
FEW_IMAGES = (300, 1000, 3000, 10_000)
# About a thousand steps of small batches. Each epoch is followed by a test on all test images, so
# that the fewest images have fewer steps.
BATCH_OF_FEW_IMAGES = 16
EPOCHS_OF_FEW_IMAGES = {300: 30, 1000: 15, 3000: 5, 10_000: 2}
LONG_RECALL = 30  # digits
GRID_RATES = (1e-4, 3e-4)  # below the 1e-3 of report A
GATED_CELLS = ('lstm', 'gru')
CELLS = ('rnn', *GATED_CELLS)


def claim_runs(reported: Mapping[str, Config]) -> dict[str, Config]:
    """The Config, of one seed, of every run that only claims ask for.

    Args:
        reported: The Configs of the reports' rows, by id.
    """
    runs = {
        **_image_runs(reported),
        **_rate_grids(reported),
        **_few_images(reported),
        **_recall_runs(reported),
        **_adder_runs(reported),
        **_timed_runs(reported),
    }
    return {f'claim-{name}': config for name, config in runs.items()}


def _image_runs(reported):
    rmsprop = reported['A-rnn128-rmsprop']
    sgd = reported['A-rnn256-sgd']
    return {
        'rnn128-adam-as-rmsprop': replace(rmsprop, optimizer='adam'),
        'rnn128-rmsprop-12': replace(rmsprop, epochs=12),
        'rnn256-adam-as-sgd': replace(sgd, optimizer='adam'),
        'rnn256-sgd-1e-2': replace(sgd, learning_rate=1e-2),
        'lstm50': replace(reported['B-lstm20'], hidden=50),
        'lstm100': replace(reported['B-lstm20'], hidden=100),
        'cifar-gd-2e-2': replace(
            reported['C-cifar-lr2e-2'], optimizer=reported['C-cifar-gd-1e-3'].optimizer
        ),
        # The CNN of report B on the steps and batches of report C.
        'cnn-499': replace(
            reported['B-cnn-compare'], steps=499, batch_size=reported['C-lstm'].batch_size
        ),
    }


def _rate_grids(reported):
    """Rates, optimizers and activations about those that reports A and D call the best."""
    runs = {}
    tuned = replace(reported['A-rnn128-rmsprop'], epochs=5)
    for optimizer in ('adam', 'rmsprop'):
        for activation in ('tanh', 'relu'):
            for rate in GRID_RATES:
                name = f'best-rnn-{optimizer}-{activation}-{rate:g}'
                runs[name] = replace(
                    tuned, optimizer=optimizer, activation=activation, learning_rate=rate
                )
    # Three epochs are enough to see which settings learn faster.
    sgd = replace(reported['D-rnn256-sgd'], epochs=3)
    adam = replace(reported['D-rnn256-adam'], epochs=3)
    runs |= {
        'sgd-base': sgd,
        'sgd-rate-3e-4': replace(sgd, learning_rate=3e-4),
        'sgd-rate-3e-3': replace(sgd, learning_rate=3e-3),
        'sgd-momentum-0.8': replace(sgd, momentum=0.8),
        'sgd-momentum-0.95': replace(sgd, momentum=0.95),
        'sgd-decay-0': replace(sgd, weight_decay=0.0),
        'adam-base': adam,
        'adam-rate-3e-5': replace(adam, learning_rate=3e-5),
        'adam-rate-3e-4': replace(adam, learning_rate=3e-4),
        'adam-rate-1e-3': replace(adam, learning_rate=1e-3),
        'adam-decay-0': replace(adam, weight_decay=0.0),
    }
    return runs


def _few_images(reported):
    """LSTM and GRU on few images, with about as many steps each."""
    # The best rate of both cells among rate-*, or next to it.
    base = replace(reported['E-lstm64'], learning_rate=3e-3, batch_size=BATCH_OF_FEW_IMAGES)
    runs = {}
    for cell in GATED_CELLS:
        for images in FEW_IMAGES:
            runs[f'images-{cell}-{images}'] = replace(
                base, cell=cell, per_class=images // 10, epochs=EPOCHS_OF_FEW_IMAGES[images]
            )
    return runs


def _recall_runs(reported):
    two_units = replace(reported['D-recall-h2'], learning_rate=1e-3)
    runs = {
        'recall-h2-1e-3': two_units,
        'recall-h2-longer': replace(two_units, epochs=300),
        'recall-h5-layers3': replace(reported['D-recall-h5'], layers=3),
    }
    for cell in CELLS:
        runs[f'recall-{cell}10-L{LONG_RECALL}'] = replace(
            reported[f'E-recall-{cell}10'],
            min_length=LONG_RECALL,
            max_length=LONG_RECALL,
            learning_rate=3e-3,
            epochs=15,
        )
    return runs


def _adder_runs(reported):
    """Adders of fewer units and shorter strings than those of report E."""
    base = reported['E-add-ce-h5-L3']
    return {
        'add-h2-L7': replace(base, hidden=2, min_length=7, max_length=7),
        'add-h3-L7': replace(base, hidden=3, min_length=7, max_length=7),
        'add-h5-L2': replace(base, min_length=2, max_length=2),
        'add-h5-L1': replace(base, min_length=1, max_length=1),
    }


def _timed_runs(reported):
    """Short epochs of nets whose seconds are compared."""
    runs = {}
    for name in ('rnn128', 'lstm128', 'lstm64', 'gru128', 'bilstm128', 'lstm128-l2'):
        runs[name] = replace(reported[f'E-{name}'], train_size=6400, epochs=12)
    for units in (5, 10, 20):
        runs[f'lstm{units}'] = replace(
            reported[f'B-lstm{units}'], train_size=10_000, steps=0, epochs=12
        )
    for loss in ('ce', 'mse'):
        runs[f'add-{loss}'] = replace(reported[f'E-add-{loss}-h5-L7'], epochs=12)
    timed = {}
    for name, config in runs.items():
        timed[TIMED_PREFIX.removeprefix('claim-') + name] = config
    return timed
