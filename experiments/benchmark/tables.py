"""The measurements of bench as text and as lines of a chart."""


def ratios(row):
    """{peer: its time over ours} of one net."""
    return {
        peer: taken / row['seconds']['jaxdl']
        for peer, taken in row['seconds'].items()
        if peer != 'jaxdl'
    }


def _table(header, rows):
    return (
        '\n'.join(
            '| ' + ' | '.join(cells) + ' |' for cells in (header, ['---'] * len(header), *rows)
        )
        + '\n'
    )


def _nets(found):
    peers = list(
        dict.fromkeys(
            peer for row in found['nets'].values() for peer in [*row['seconds'], *row['absent']]
        )
    )
    header = [
        'ms a step',
        *peers,
        'PyTorch over ours',
        'aim',
        'epoch, s',
        'compile, s',
        'losses apart',
        'GFLOP/s (of a product)',
    ]
    rows = []
    for name, row in found['nets'].items():
        ms = [
            f'{1e3 * row["seconds"][peer]:.2f}'
            if peer in row['seconds']
            else row['absent'].get(peer, '')
            for peer in peers
        ]
        ratio = ratios(row).get('PyTorch')
        rate = row['flops'] / row['seconds']['jaxdl'] / 1e9
        rows.append(
            [
                name,
                *ms,
                f'{ratio:.2f}' if ratio else '',
                f'{row["aim"]:g}',
                f'{row["seconds"]["jaxdl"] * row["steps_per_epoch"]:.2f}',
                f'{row["compile"]:.1f}',
                f'{max(row["loss_apart"].values()):.0e}',
                f'{rate:.1f} ({100e9 * rate / found["peak"]:.0f} %)',
            ]
        )
    return _table(header, rows)


def markdown(found):
    """All tables, with what they are of."""
    machine = found['machine']
    parts = [
        f'{machine["day"]}, {machine["processor"]}, {machine["devices"]}, Python {machine["python"]}, '
        + ', '.join(f'{name} {machine[name]}' for name in ('jax', 'flax', 'torch', 'keras'))
        + '. Medians.\n'
    ]
    if 'nets' in found:
        parts.append(_nets(found))
        parts.append(
            f'A matrix product of 2000 x 2000 runs at {found["peak"] / 1e9:.0f} GFLOP/s.\n'
        )
    if 'commands' in found:
        parts.append(
            _table(
                ['whole command, adder LSTM-5', 'seconds', "of PyTorch's"],
                [
                    [
                        name,
                        f'{taken:.1f}',
                        f'{taken / found["commands"]["PyTorch"]:.2f}'
                        if 'PyTorch' in found['commands']
                        else '',
                    ]
                    for name, taken in found['commands'].items()
                ],
            )
        )
    if 'populations' in found:
        parts.append(
            _table(
                [
                    'adders at once',
                    'ms a step',
                    'us a step and model',
                    'adders a second (ten epochs each)',
                    'MiB a device',
                ],
                [
                    [
                        str(row['seeds']),
                        f'{1e3 * row["seconds"]:.2f}',
                        f'{1e6 * row["seconds"] / row["seeds"]:.1f}',
                        f'{row["models_per_second"]:.1f}',
                        f'{row["bytes"] / 2**20:.1f}',
                    ]
                    for row in found['populations']
                ],
            )
        )
    if 'scaling' in found:
        parts.append(
            _table(
                [
                    'CPU devices',
                    'split',
                    'strong, ms a step',
                    'weak, ms a step',
                    'bytes exchanged a step',
                ],
                [
                    [
                        str(row['devices']),
                        row['split'],
                        f'{1e3 * row["strong"]:.2f}',
                        f'{1e3 * row["weak"]:.2f}',
                        f'{row["bytes"]:,}',
                    ]
                    for row in found['scaling']
                ],
            )
        )
    return '\n'.join(parts)


def panels(found):
    """{panel: (xlabel, ylabel, {label: (xs, ys)})} of what was measured by size."""
    drawn = {}
    if 'populations' in found:
        rows = found['populations']
        drawn['populations'] = (
            'adders trained at once',
            'us a step and model',
            {
                'LSTM-5': (
                    [row['seeds'] for row in rows],
                    [1e6 * row['seconds'] / row['seeds'] for row in rows],
                )
            },
        )
    for kind in ('strong', 'weak') if 'scaling' in found else ():
        drawn[f'{kind} scaling'] = (
            'CPU devices',
            'ms a step',
            {
                split: zip(
                    *[
                        (row['devices'], 1e3 * row[kind])
                        for row in found['scaling']
                        if row['split'] == split
                    ]
                )
                for split in dict.fromkeys(row['split'] for row in found['scaling'])
            },
        )
    return drawn
