"""What the devices of a mesh exchange in a training step, read from a compiled program."""

import math
import re

COLLECTIVE = re.compile(
    r'= (?P<results>.*?) '
    r'(all-reduce|all-gather|all-to-all|collective-permute|reduce-scatter)(-start)?\('
)
ARRAY_TYPE = re.compile(r'(?P<dtype>\w+)\[(?P<shape>[\d,]*)\]')  # f32[20,5] in XLA's text
DTYPE_BYTES = {'f32': 4, 's32': 4, 'u32': 4, 'pred': 1, 's8': 1, 'bf16': 2, 'f64': 8}
LARGEST_DTYPE_BYTES = 8


def collective_bytes(program: str) -> int:
    """Bytes that the devices exchange in one training step.

    Args:
        program: The text of a compiled program, as XLA writes it.

    Returns:
        The sizes of the results of all collective operations inside loops, each counted once.
        Those of the entry computation, outside the loop over steps, are left out.
    """
    total = 0
    in_entry = False
    for line in program.splitlines():
        # The lines of a computation are indented, its header is not.
        starts_computation = not line.startswith(' ')
        if starts_computation:
            in_entry = line.startswith('ENTRY')
        collective = COLLECTIVE.search(line)
        if collective and not in_entry:
            total += _array_bytes(collective['results'])
    return total


def _array_bytes(types: str) -> int:
    """The bytes of arrays whose types are given as in '(f32[20,5], s32[])'."""
    total = 0
    for array_type in ARRAY_TYPE.finditer(types):
        sizes = [int(size) for size in array_type['shape'].split(',') if size]
        # A type that is not listed is taken for a large one, lest it be overlooked.
        itemsize = DTYPE_BYTES.get(array_type['dtype'], LARGEST_DTYPE_BYTES)
        total += itemsize * math.prod(sizes)
    return total
