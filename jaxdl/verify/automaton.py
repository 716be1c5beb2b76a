"""What a net must do, written as a finite automaton that reads one symbol per step.

Trusted (see check.py): a proof says that a net does what one of these automata asks for.
"""

from typing import NamedTuple

DIGITS = 10


class Automaton(NamedTuple):
    """A finite automaton that says which answer a net must give at each step.

    States and symbols are numbered from 0. The automaton starts in state 0.

    Attributes:
        symbols: For each symbol the input vector that the net reads.
        outputs: The number of logits of the net.
        next_state: next_state[state][symbol] is the state after the symbol is read.
        answer: answer[state][symbol] is what the net must answer after it has read the symbol,
            or None where any answer is allowed.
    """

    symbols: tuple[tuple[int, ...], ...]
    outputs: int
    next_state: tuple[tuple[int, ...], ...]
    answer: tuple[tuple[int | None, ...], ...]


# The state is the carry. A symbol is one bit of each summand, lowest bits first.
ADDER = Automaton(
    symbols=((0, 0), (0, 1), (1, 0), (1, 1)),
    outputs=1,
    next_state=((0, 0, 0, 1), (0, 1, 1, 1)),
    answer=((0, 1, 1, 0), (1, 0, 0, 1)),
)


def recall(k: int) -> Automaton:
    """The automaton that reads decimal digits and answers the k-th one from then on.

    In state m < k it has read m digits; in state k + d the k-th digit was d.

    Args:
        k: Counted from 1.
    """
    next_state = []
    answer = []
    # Before the k-th digit any answer will do.
    for digits_read in range(k - 1):
        next_state.append((digits_read + 1,) * DIGITS)
        answer.append((None,) * DIGITS)
    # State k - 1 reads the k-th digit.
    next_state.append(tuple(range(k, k + DIGITS)))
    answer.append(tuple(range(DIGITS)))
    # The other states keep their digit, whatever follows.
    for digit in range(DIGITS):
        next_state.append((k + digit,) * DIGITS)
        answer.append((digit,) * DIGITS)
    return Automaton(
        symbols=tuple(map(_one_hot, range(DIGITS))),
        outputs=DIGITS,
        next_state=tuple(next_state),
        answer=tuple(answer),
    )


def _one_hot(digit: int) -> tuple[int, ...]:
    vector = [0] * DIGITS
    vector[digit] = 1
    return tuple(vector)


def answer_constraints(outputs: int, answer: int) -> list[tuple[int, ...]]:
    """The sums of logits that must all be positive where a net gives this answer.

    A single logit is positive for the answer 1 and negative for 0. Of several logits that of the
    answer exceeds every other.

    Args:
        outputs: The number of logits.
        answer: 0 or 1 for a single logit, else below `outputs`.

    Returns:
        The coefficients of each sum, `outputs` of them.
    """
    if outputs == 1:
        return [(1,)] if answer else [(-1,)]
    constraints = []
    for other in range(outputs):
        if other == answer:
            continue
        coefficients = [0] * outputs
        coefficients[answer] = 1
        coefficients[other] = -1
        constraints.append(tuple(coefficients))
    return constraints
