"""What a net must do at every length, as a finite machine; part of what a proof trusts (see check.py)."""

from typing import NamedTuple

GATES = {'rnn': 1, 'gru': 3, 'lstm': 4}
ARRAYS = {'rnn': 1, 'gru': 1, 'lstm': 2}  # in a state: h, or h and c


class Machine(NamedTuple):
    """Tables over memories (0 is the start) and numbers of inputs."""

    inputs: tuple  # the vectors that the net may be given at a step
    outputs: int  # logits of the net
    next: tuple  # [memory][input]: the memory after it
    answer: tuple  # [memory][input]: what the net must answer then; None: anything


ADDER = Machine(
    ((0, 0), (0, 1), (1, 0), (1, 1)), 1, ((0, 0, 0, 1), (0, 1, 1, 1)), ((0, 1, 1, 0), (1, 0, 0, 1))
)  # the carry


def recall(k):
    """Memories below k: so many digits were read; memory k + d: the k-th digit was d, the answer from then on."""
    digits = tuple(range(10))
    return Machine(
        tuple(tuple(int(d == e) for e in digits) for d in digits),
        10,
        (
            *((m + 1,) * 10 for m in range(k - 1)),
            tuple(k + d for d in digits),
            *((k + d,) * 10 for d in digits),
        ),
        (*((None,) * 10 for m in range(k - 1)), digits, *((d,) * 10 for d in digits)),
    )


def machine(task, k=0):
    """The Machine of a task by its name. Raises ValueError for others."""
    if task == 'binary_add':
        return ADDER
    if task == 'recall' and type(k) is int and 0 < k < 1000:
        return recall(k)
    raise ValueError(f'no machine is known for {task!r} with k = {k}')


def demands(outputs, answer):
    """Rows of coefficients of the logits; an answer is given where all these sums are positive.

    One logit is to be positive for 1 and negative for 0; of several, that of the answer is to exceed every other.
    """
    if outputs == 1:
        return [(1,)] if answer else [(-1,)]
    return [
        tuple((e == answer) - (e == other) for e in range(outputs))
        for other in range(outputs)
        if other != answer
    ]
