"""The adder's whole command as a PyTorch user writes it, for bench: trains, validates every epoch, tests on every length."""

import time

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

BITS, BATCH, EXAMPLES, EPOCHS = 20, 64, 10_000, 10


class Adder(nn.Module):
    def __init__(self, hidden=5):
        super().__init__()
        self.layer, self.head = nn.LSTM(2, hidden, batch_first=True), nn.Linear(hidden, 1)

    def forward(self, x):
        return self.head(self.layer(x)[0])[..., 0]


def examples(lengths, bits):
    """Pairs of numbers, least significant bit first: inputs (N, bits + 1, 2), bits of the sum, and which of them count."""
    n = len(lengths)
    inside = torch.arange(bits + 1) < lengths[:, None]
    a, b = (torch.randint(2, (n, bits + 1)) * inside for _ in range(2))
    carry, total = torch.zeros(n, dtype=torch.long), []
    for i in range(bits + 1):
        step = a[:, i] + b[:, i] + carry
        total.append(step % 2)
        carry = step // 2
    return (
        torch.stack([a, b], -1).float(),
        torch.stack(total, 1).float(),
        torch.arange(bits + 1) <= lengths[:, None],
    )


@torch.no_grad()
def test(net, lengths, bits):
    """(bit accuracy, exact match) on one random pair of each length."""
    x, y, valid = examples(lengths, bits)
    right = ((net(x) > 0) == (y > 0.5)) | ~valid
    return (right & valid).sum().item() / valid.sum().item(), right.all(1).float().mean().item()


def main():
    torch.manual_seed(0)
    net, start = Adder(), time.time()
    optimizer = torch.optim.Adam(net.parameters(), 1e-2, fused=True)
    for epoch in range(EPOCHS):
        x, y, valid = examples(torch.randint(1, BITS + 1, (EXAMPLES,)), BITS)
        shares = valid / valid.sum(1, keepdim=True)
        for rows in torch.arange(EXAMPLES).split(BATCH):
            optimizer.zero_grad(set_to_none=True)
            loss = binary_cross_entropy_with_logits(
                net(x[rows]), y[rows], shares[rows], reduction='sum'
            ) / len(rows)
            loss.backward()
            optimizer.step()
        print(epoch + 1, loss.item(), *test(net, torch.randint(1, BITS + 1, (1000,)), BITS))
    for lengths in ([*range(1, BITS + 1)], [50, 100, 500, 1000]):
        print(lengths, test(net, torch.tensor(lengths).repeat_interleave(100), max(lengths)))
    print(f'{time.time() - start:.1f} s')


if __name__ == '__main__':
    main()
