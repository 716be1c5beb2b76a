"""The adder's whole command as a user of PyTorch writes it: trains, validates, tests all lengths.

python -m experiments.benchmark.peers.torch_adder trains the net of `experiments.main
--task=binary_add --hidden=5` on as many examples, and prints what it learns. Its last line is a
JSON object of the seconds that it has spent on training and on evaluation.
"""

import json
import time
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

BITS = 20  # of the longest summand in training
BATCH_SIZE = 64
TRAIN_SIZE = 10_000
VALIDATION_SIZE = 1000
EPOCHS = 10
HIDDEN = 5
LEARNING_RATE = 1e-2
SHORT_LENGTHS = tuple(range(1, BITS + 1))
LONG_LENGTHS = (50, 100, 500, 1000)
STRINGS_PER_LENGTH = 100


class Sums(NamedTuple):
    """N sums of two numbers of up to T - 1 bits, least significant bit first."""

    inputs: Tensor  # (N, T, 2), the bits of the summands
    targets: Tensor  # (N, T), the bits of the sum
    valid: Tensor  # (N, T) bool, which of them count


class Accuracy(NamedTuple):
    """Shares of right bits, and of sums whose bits are all right."""

    bits: float
    sums: float


class Adder(nn.Module):
    """An LSTM that answers at every step."""

    def __init__(self):
        """Makes a net of HIDDEN units."""
        super().__init__()
        self.layer = nn.LSTM(2, HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, T) of the bits of the sum, for summands (N, T, 2)."""
        states, _ = self.layer(x)
        return self.head(states)[..., 0]


def sample_sums(lengths: Tensor, bits: int) -> Sums:
    """Random sums of numbers of so many bits each.

    Args:
        lengths: (N,) int, the bits of each pair of summands.
        bits: The largest length; T is one more.
    """
    steps = bits + 1
    positions = torch.arange(steps)
    has_bit = positions < lengths[:, None]
    a = torch.randint(2, (len(lengths), steps)) * has_bit
    b = torch.randint(2, (len(lengths), steps)) * has_bit
    carry = torch.zeros(len(lengths), dtype=torch.long)
    sum_bits = []
    for step in range(steps):
        column = a[:, step] + b[:, step] + carry
        sum_bits.append(column % 2)
        carry = column // 2
    return Sums(
        inputs=torch.stack([a, b], -1).float(),
        targets=torch.stack(sum_bits, 1).float(),
        valid=positions <= lengths[:, None],
    )


@torch.no_grad()
def evaluate(net: Adder, lengths: Tensor, bits: int) -> Accuracy:
    """The accuracy on one random sum of each length."""
    sums = sample_sums(lengths, bits)
    is_one = net(sums.inputs) > 0
    is_right = is_one == (sums.targets > 0.5)
    right_bits = (is_right & sums.valid).sum() / sums.valid.sum()
    right_sums = (is_right | ~sums.valid).all(1).float().mean()
    return Accuracy(right_bits.item(), right_sums.item())


def train_epoch(net: Adder, optimizer: torch.optim.Optimizer) -> float:
    """Trains on TRAIN_SIZE new sums and returns the loss of the last batch."""
    sums = sample_sums(torch.randint(1, BITS + 1, (TRAIN_SIZE,)), BITS)
    step_weights = sums.valid / sums.valid.sum(1, keepdim=True)
    for rows in torch.arange(TRAIN_SIZE).split(BATCH_SIZE):
        optimizer.zero_grad(set_to_none=True)
        summed_loss = binary_cross_entropy_with_logits(
            net(sums.inputs[rows]),
            sums.targets[rows],
            step_weights[rows],
            reduction='sum',
        )
        loss = summed_loss / len(rows)
        loss.backward()
        optimizer.step()
    return loss.item()


def main() -> None:
    """Trains the adder, and prints its accuracy after every epoch and on every length."""
    torch.manual_seed(0)
    seconds = {'train': 0.0, 'evaluate': 0.0}
    net = Adder()
    optimizer = torch.optim.Adam(net.parameters(), LEARNING_RATE, fused=True)
    for epoch in range(1, EPOCHS + 1):
        started = time.perf_counter()
        loss = train_epoch(net, optimizer)
        trained = time.perf_counter()
        validation_lengths = torch.randint(1, BITS + 1, (VALIDATION_SIZE,))
        accuracy = evaluate(net, validation_lengths, BITS)
        seconds['train'] += trained - started
        seconds['evaluate'] += time.perf_counter() - trained
        print(f'epoch {epoch}: loss {loss}, {accuracy}')
    started = time.perf_counter()
    for lengths in (SHORT_LENGTHS, LONG_LENGTHS):
        test_lengths = torch.tensor(lengths).repeat_interleave(STRINGS_PER_LENGTH)
        print(f'lengths {lengths}: {evaluate(net, test_lengths, max(lengths))}')
    seconds['evaluate'] += time.perf_counter() - started
    print(json.dumps(seconds))


if __name__ == '__main__':
    main()
