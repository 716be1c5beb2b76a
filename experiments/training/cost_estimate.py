"""What a run costs in bytes and seconds, by arithmetic from its Config alone.

The sizes of arrays are known; how many of them XLA keeps at once was measured. A test compares the
bytes with those of the compiled programs: they agree within ERROR_FACTOR.
"""

from typing import NamedTuple

from experiments.core.automata import automaton_of
from experiments.core.config import Config
from experiments.core.final_test import MAX_RECALL_LENGTHS, RECALLS_PER_LENGTH
from experiments.core.length_tests import LONG_LENGTHS
from experiments.training.compiled_programs import SEEDS_AT_ONCE_ON_CPU, STATISTICS_EXAMPLES
from jaxdl.models.cnn import CNN, KERNEL_SIZE
from jaxdl.models.recurrence import CELLS
from jaxdl.verify.automaton import DIGITS

ERROR_FACTOR = 2  # of the bytes of a compiled program
FLOAT_BYTES = 4

# Numbers that training keeps for each recurrent unit, example and time step, as measured.
NUMBERS_PER_UNIT = {'rnn': 6, 'gru': 19, 'lstm': 21}
INPUT_COPIES = 3  # of a batch of sequences, as measured
NUMBERS_PER_PIXEL = 30  # that training a CNN keeps for each example, as measured
LAYER_NUMBERS_PER_PIXEL = 110  # of all layers of a CNN, whose statistics are taken
OPTIMIZER_SLOTS = {'adam': 2, 'sgd': 0, 'momentum': 1, 'rmsprop': 1, 'adagrad': 1}
BYTES_PER_SEED = 32  # of its seed and its keys

# Numbers that drawing examples takes for each time step beside its inputs, as measured.
SEQUENCE_NUMBERS = {'binary_add': 4, 'recall': 0, 'automaton': 4}


class SequenceSizes(NamedTuple):
    """The numbers that a net reads, and the logits that it gives, in a time step."""

    inputs: int
    outputs: int


class ImageSizes(NamedTuple):
    """The sizes of an image data set: its side in pixels, and the images of its two splits."""

    side: int
    train: int
    test: int


IMAGE_SIZES = {
    'mnist': ImageSizes(28, 60_000, 10_000),
    'digits': ImageSizes(8, 1437, 360),
    'cifar10': ImageSizes(32, 50_000, 10_000),
}
CLASSES = 10
KERNEL_PIXELS = KERNEL_SIZE**2

SCORES = 3  # of a training step, at most
STATISTICS_NUMBERS = 50  # of one layer at one step: a histogram of 40 bins, and moments
CNN_ARRAYS = 17  # layers and parameters of which there are statistics
EVALUATION_BATCH = 250

# Rough speeds of two cores.
FLOPS_PER_SECOND = 1.4e11
SECONDS_PER_RECURRENT_STEP = 2e-7
SECONDS_PER_EXAMPLE = 5e-8  # in a recurrent step
SECONDS_PER_LAYER = 2  # to compile a recurrent layer

NOTED_SECONDS = 60  # what takes longer is said before
UNITS = {'years': 31_557_600, 'days': 86_400, 'hours': 3600, 'minutes': 60}


class Part(NamedTuple):
    """A part of the memory that a run needs.

    Attributes:
        what: What it holds, in words.
        size: In bytes.
        flags: The flags that make it smaller, in words.
    """

    what: str
    size: int
    flags: str


def time_steps(config: Config) -> int:
    """The time steps of a training sequence; 1 for images that a CNN takes whole."""
    if config.net() == 'cnn':
        return 1
    if config.is_of_images():
        return IMAGE_SIZES[config.dataset].side
    if config.task == 'binary_add':
        return config.max_length + 1  # one more lets the carry out
    return config.max_length


def steps_per_epoch(config: Config) -> int:
    """The training steps of an epoch."""
    examples = config.train_size
    if config.is_of_images():
        examples = examples or IMAGE_SIZES[config.dataset].train - config.validation_size
        examples = CLASSES * config.per_class or examples
    return -(-examples // config.batch_size)


def parameters(config: Config) -> int:
    """The number of parameters of one model."""
    if config.net() == 'cnn':
        return _cnn_parameters(config)
    directions = 1 + config.bidirectional
    rows = CELLS[config.cell].gates * config.hidden
    first_layer = rows * (_inputs(config) + config.hidden + 2)
    next_layer = rows * (directions * config.hidden + config.hidden + 2)
    outputs = CLASSES if config.is_of_images() else _sequence_sizes(config).outputs
    head = outputs * (directions * config.hidden + 1)
    return directions * (first_layer + (config.layers - 1) * next_layer) + head


def _cnn_parameters(config):
    maps1, maps2 = CNN.maps
    conv1 = maps1 * (_channels(config) * KERNEL_PIXELS + 1)
    conv2 = maps2 * (maps1 * KERNEL_PIXELS + 1)
    dense = config.hidden * (maps2 * (config.image_size // 4) ** 2 + 1)
    head = CLASSES * (config.hidden + 1)
    return conv1 + conv2 + dense + head


def _inputs(config):
    """The numbers that a recurrent net reads in a time step."""
    if config.is_of_images():
        return IMAGE_SIZES[config.dataset].side
    return _sequence_sizes(config).inputs


def _sequence_sizes(config):
    if config.task == 'recall':
        # Its automaton has a state for each digit up to the k-th one, and k may be huge.
        return SequenceSizes(DIGITS, DIGITS)
    automaton = automaton_of(config)
    return SequenceSizes(len(automaton.symbols[0]), automaton.outputs)


def _channels(config):
    return 3 if config.colour else 1


def program_parts(config: Config, models: int, data_devices: int = 1) -> list[Part]:
    """The memory that the programs of one device need.

    Args:
        config: The run's settings.
        models: How many models the device trains.
        data_devices: The devices that share a batch.
    """
    batch = -(-config.batch_size // data_devices)
    if config.net() == 'cnn':
        models_at_once = 1
        numbers = batch * NUMBERS_PER_PIXEL
        if config.statistics_every:
            numbers += STATISTICS_EXAMPLES * LAYER_NUMBERS_PER_PIXEL
        numbers *= config.image_size**2
        batch_flags = '--batch_size or --image_size'
    else:
        models_at_once = min(models, SEEDS_AT_ONCE_ON_CPU)
        numbers = batch * time_steps(config) * _numbers_per_time_step(config)
        batch_flags = '--batch_size, --hidden or --layers'
        if not config.is_of_images():
            batch_flags = '--batch_size, --max_length or --hidden'
    parts = [
        _models_part(config, models, models_at_once),
        Part('a batch', models_at_once * FLOAT_BYTES * numbers, batch_flags),
        _records_part(config, models),
    ]
    if config.is_of_images():
        parts.append(_training_images(config))
    elif not config.fresh:
        numbers_per_step = _inputs(config) + SEQUENCE_NUMBERS[config.task]
        numbers = config.train_size * time_steps(config) * numbers_per_step
        drawn = models_at_once * FLOAT_BYTES * numbers
        parts.append(Part('the training set', drawn, '--train_size or --max_length'))
    return parts


def states_part(config: Config, models: int) -> Part:
    """The memory of the states of models, as a checkpoint holds them."""
    state = FLOAT_BYTES * parameters(config) * (1 + OPTIMIZER_SLOTS[config.optimizer])
    if models > 1:
        flags = '--seeds or --hidden'
    elif config.net() == 'cnn':
        flags = '--hidden or --image_size'
    else:
        flags = '--hidden or --layers'
    return Part('parameters and optimizer', models * (state + BYTES_PER_SEED), flags)


def _models_part(config, models, models_at_once):
    states = states_part(config, models)
    gradients = models_at_once * FLOAT_BYTES * parameters(config)
    # The states of before and after an epoch.
    return states._replace(size=2 * states.size + gradients)


def _numbers_per_time_step(config):
    """The numbers that a training step keeps of an example in a time step."""
    directions = 1 + config.bidirectional
    states = config.layers * directions * config.hidden
    return states * NUMBERS_PER_UNIT[config.cell] + INPUT_COPIES * _inputs(config)


def _records_part(config, models):
    """The scores of each step, and the layer statistics, which the host reads after an epoch."""
    steps = config.steps or steps_per_epoch(config)
    steps = min(steps, steps_per_epoch(config))
    numbers = SCORES * steps
    flags = '--train_size, or raise --batch_size'
    if config.statistics_every:
        rows = -(-steps // config.statistics_every)
        arrays = CNN_ARRAYS
        if config.net() != 'cnn':
            arrays = 5 * config.layers * (1 + config.bidirectional) + 2
        statistics = rows * arrays * STATISTICS_NUMBERS
        if statistics > numbers:
            flags = '--train_size, or raise --statistics_every'
        numbers += statistics
    return Part('the records of an epoch', models * FLOAT_BYTES * numbers, flags)


def _training_images(config):
    sizes = IMAGE_SIZES[config.dataset]
    images = config.train_size or sizes.train
    if config.net() == 'cnn':
        pixels = config.image_size**2 * _channels(config)
    else:
        pixels = sizes.side**2
    return Part('the training images', images * pixels, '--image_size or --train_size')


def evaluation_part(config: Config, models: int) -> Part:
    """The memory that a device needs to score models on a batch of held-out examples."""
    if config.net() == 'cnn':
        numbers = EVALUATION_BATCH * config.image_size**2 * NUMBERS_PER_PIXEL
        return Part('an evaluation', FLOAT_BYTES * numbers, '--image_size')
    steps, flags = time_steps(config), '--hidden'
    if not config.is_of_images():
        flags = '--hidden or --max_length'
    if config.task in ('binary_add', 'automaton') and steps <= max(LONG_LENGTHS):
        # The final test has longer strings than the training.
        steps, flags = max(LONG_LENGTHS) + 1, '--hidden'
    # The states, and the products of the inputs with the weights.
    units = (1 + config.bidirectional) * config.hidden * (CELLS[config.cell].gates + 2)
    numbers = min(models, SEEDS_AT_ONCE_ON_CPU) * EVALUATION_BATCH * steps * units
    return Part('an evaluation', FLOAT_BYTES * numbers, flags)


def host_parts(config: Config) -> list[Part]:
    """The memory that the examples need on the host, of which it has two copies at a time."""
    if config.is_of_images():
        sizes = IMAGE_SIZES[config.dataset]
        if config.net() == 'cnn':
            pixels = config.image_size**2 * _channels(config)
        else:
            pixels = sizes.side**2
        return [Part('the images', (sizes.train + sizes.test) * pixels, '--image_size')]
    example = FLOAT_BYTES * time_steps(config) * 2 * _inputs(config)
    parts = [
        Part(
            'the validation examples',
            config.validation_size * example,
            '--validation_size or --max_length',
        )
    ]
    if config.task == 'recall':
        lengths = min(MAX_RECALL_LENGTHS, config.max_length - config.min_length + 1)
        test = lengths * RECALLS_PER_LENGTH * example
        parts.append(Part('the final test', test, '--max_length'))
    return parts


def seconds_per_step(config: Config) -> float:
    """Roughly the seconds that a training step of one model takes on two cores."""
    if config.net() == 'cnn':
        # Forward once, and twice as much backward.
        return 3 * config.batch_size * _cnn_flops(config) / FLOPS_PER_SECOND
    inputs = max(_inputs(config), 10)  # near enough for fewer
    weights = CELLS[config.cell].gates * config.hidden * (config.hidden + inputs)
    layers = config.layers * (1 + config.bidirectional)
    # Each weight takes two operations forward and four backward.
    seconds_per_example = 6 * weights / FLOPS_PER_SECOND + SECONDS_PER_EXAMPLE
    seconds_per_time_step = SECONDS_PER_RECURRENT_STEP + config.batch_size * seconds_per_example
    return time_steps(config) * layers * seconds_per_time_step


def _cnn_flops(config):
    """Operations of one image, forward."""
    maps1, maps2 = CNN.maps
    pixels = config.image_size**2
    conv1 = pixels * maps1 * KERNEL_PIXELS * _channels(config)
    conv2 = pixels // 4 * maps2 * maps1 * KERNEL_PIXELS
    dense = config.hidden * maps2 * (config.image_size // 4) ** 2
    return 2 * (conv1 + conv2 + dense)


def time_note(config: Config, models: int) -> str | None:
    """A line on how long training takes, if an epoch takes more than a minute; else None.

    Args:
        config: The run's settings.
        models: How many models are trained.
    """
    steps = steps_per_epoch(config)
    if config.steps:
        steps = min(steps, config.steps)
    epoch_seconds = models * steps * seconds_per_step(config)
    compile_seconds = SECONDS_PER_LAYER * config.layers * (1 + config.bidirectional)
    notes = []
    if config.net() != 'cnn' and compile_seconds > NOTED_SECONDS:
        notes.append(f'to compile {config.layers:,} layers takes {format_seconds(compile_seconds)}')
    if epoch_seconds > NOTED_SECONDS:
        line = f'an epoch is {steps:,} training steps'
        if time_steps(config) > 1:
            line += f' of {time_steps(config):,} time steps each, one after the other,'
        total = config.steps or config.epochs * steps_per_epoch(config)
        total_seconds = models * total * seconds_per_step(config)
        notes.append(
            f'{line} and takes {format_seconds(epoch_seconds)} or more on two cores, all epochs '
            f'{format_seconds(total_seconds)}'
        )
    if not notes:
        return None
    return f'note: {"; ".join(notes)}'


def format_seconds(seconds: float) -> str:
    """A time of more than a minute in words: 'about 2.5 minutes', 'about 12 days'."""
    unit = next(name for name, length in UNITS.items() if seconds >= length)
    number = seconds / UNITS[unit]
    digits = 0 if number >= 10 else 1
    return f'about {number:,.{digits}f} {unit}'
