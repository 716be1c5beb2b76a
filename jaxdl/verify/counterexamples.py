"""Counterexamples in words."""


def describe_sum(bits):
    """The sum of bits (T, 2) with the answer of a net whose last bit alone is wrong; in runs of equal pairs where it is long."""
    if len(bits) <= 40:
        a, b = (sum(int(bit) << i for i, bit in enumerate(bits[:, side])) for side in (0, 1))
        answer = (a + b) % 2 ** len(bits) ^ 1 << len(bits) - 1  # right but for the last bit
        return f'{a} + {b} = {answer} (mod {2 ** len(bits)})?'
    return describe_runs([f'{a}+{b}' for a, b in bits]) + f': bit {len(bits) - 1}'


def describe_runs(names):
    """A long sequence of names as runs of equal ones, the middle left out where there are many."""
    changes = [0, *(i for i in range(1, len(names)) if names[i] != names[i - 1]), len(names)]
    parts = [f'{names[start]} x {stop - start}' for start, stop in zip(changes, changes[1:])]
    return ', '.join(parts if len(parts) <= 6 else [*parts[:2], '...', *parts[-2:]])
