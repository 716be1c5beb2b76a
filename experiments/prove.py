"""Proves adders right at every length: python -m experiments.prove --workdir=RUN, or --check=FILE for a proof alone."""
import functools
from pathlib import Path

from experiments.cli import command, help_text, parse
from jaxdl import UserError

FLAGS = {
    'workdir': ('', 'folder of a run of binary_add'),
    'check': ('', 'check this certificate alone, and do nothing else'),
    'as_trained': (False, "leave the weights as they are: search sets only; else weights and sets are fine-tuned together"),
    'history': (2, 'one set for each carry, then for each carry and last input, ... up to so many last inputs'),
    'steps': (6000, 'steps of the fine-tuning'),
    'help': (False, 'show this'),
}


def main(argv):
    given = {name: default for name, (default, _) in FLAGS.items()} | parse(argv, FLAGS)
    if given['help']:
        print(help_text(FLAGS))
    elif given['check']:
        check_alone(given['check'])
    elif not given['workdir']:
        raise UserError('--workdir=RUN, the folder of a run of binary_add, or --check=FILE is needed')
    elif not 0 <= given['history'] <= 4:
        raise UserError(f'--history={given["history"]} must be from 0 to 4: sets are four times as many for each')
    elif given['steps'] <= 0:
        raise UserError(f'--steps={given["steps"]} must be greater than 0')
    else:
        _prove(Path(given['workdir']).expanduser(), given)


def _checker():
    try:
        from jaxdl.verify import check
    except ModuleNotFoundError:
        raise UserError("proofs are checked with python-flint, which is not installed; try pip install python-flint") from None
    return check


def check_alone(file):
    """Says what a certificate proves. Raises UserError if it proves nothing."""
    check = _checker()
    try:
        slack, margin, rounding = check.check_file(file)
    except check.Refused as error:
        raise UserError(f'{file} is refused: {error}') from None
    print(f'{file}: proved. This net adds rightly at every length; slack {slack:.2g} in each state unit, logits clear 0 by {margin:.2g}')
    print(f'float32 rounding is at most {rounding:.2g} a step, which the slack {"covers" if rounding < slack else "does not cover"}')


def _prove(folder, given):
    """Refutes, searches, checks; writes certificates, proofs.json and a figure to proofs/, and prints a line for each seed."""
    import jax

    from experiments import trained, workdir
    from jaxdl import plots
    from jaxdl.verify import refute
    _checker()
    config, _, epochs, params_at = trained.population(folder, ('binary_add',))
    if config.layers > 1 or config.bidirectional or config.activation != 'tanh':
        raise UserError(f'{folder} holds a net of {config.layers} layers, {"two directions" if config.bidirectional else "one direction"} and '
                        f'{config.activation}: proofs are for one layer, one direction and tanh')
    params = params_at(epochs[-1])['params']
    out = folder / 'proofs'
    out.mkdir(exist_ok=True)
    for old in (*out.glob('seed*.json'), *(out / name for name in ('proofs.json', 'sets.png', 'accuracy.png'))):
        old.unlink(missing_ok=True)
    found = refute.refute(config.cell, params, jax.random.key(config.seed))
    tested = (workdir.results_of(folder) or {'tested': {}})['tested'].get('verdicts', {})
    results = {}
    for i, wrong in enumerate(found):
        sum_ = refute.words(wrong.bits) if wrong else tested.get(str(config.seed + i), {}).get('counterexample')
        results[config.seed + i] = {'verdict': 'refuted' if sum_ else 'unknown', 'counterexample': sum_}
    todo = [i for i in range(config.seeds) if not (given['as_trained'] and results[config.seed + i]['counterexample'])]
    proofs = _search(config, params, todo, given, out, results)
    for seed, row in results.items():
        print(f'seed {seed}: ' + _line(row))
    proved = [row for row in results.values() if 'slack' in row]
    covered = sum(row['slack'] > row['float32_error'] for row in proved)
    weights = 'as trained' if given['as_trained'] else 'fine-tuned from them'
    print(f'{len(proved)} of {len(results)} nets {weights} are proved right at every length, {covered} with float32 rounding; '
          f'{sum(row["verdict"] == "refuted" for row in results.values())} nets as trained are refuted')
    workdir.write_json(out / 'proofs.json', {'weights': weights, 'epoch': epochs[-1], 'seeds': results})
    if proofs:
        seed, (net, boxes, sets) = next(iter(proofs.items()))
        (out / 'sets.png').write_bytes(plots.png(_sets_figure(config, seed, net, boxes, sets)))
        (out / 'accuracy.png').write_bytes(plots.png(_accuracy_figure(config, params, results, [net for net, *_ in proofs.values()])))
    print(f'files in {out}: proofs.json, a certificate seed*.json for each proof' + (', sets.png, accuracy.png' if proofs else ''))


def _line(row):
    """A seed's verdicts in words."""
    trained = f'as trained refuted ({row["counterexample"]})' if row['counterexample'] else 'as trained no error found'
    if 'slack' not in row:
        return trained + '; not proved'
    return trained + f'; proved, slack {row["slack"]:.2g}, float32 rounding {row["float32_error"]:.1g}, logits clear 0 by {row["margin"]:.2g}'


def _search(config, params, todo, given, out, results):
    """Certificates of the nets `todo`, with ever finer sets for those still without; {seed: (params, boxes, sets)}."""
    import jax
    import numpy as np
    from tqdm import tqdm

    from experiments import workdir
    from jaxdl import __version__
    from jaxdl.verify import search
    check = _checker()
    keys = jax.vmap(jax.random.key)(config.seed + np.arange(config.seeds))
    proofs = {}
    with tqdm(total=given['history'] + 1, unit='round') as bar:
        for history in range(given['history'] + 1):
            if not todo:
                break
            bar.set_description(f'{len(todo)} nets, sets by carry and last {history} inputs')
            sets = search.automaton(history)
            tune = functools.partial(search.close if given['as_trained'] else search.search, config.cell)

            def one(params, key):
                boxes = search.reached(config.cell, params, sets, key)
                return (params, tune(params, boxes, sets)) if given['as_trained'] else tune(params, boxes, sets, given['steps'])
            rows = np.array(todo)
            found = jax.device_get(jax.jit(jax.vmap(one))(jax.tree.map(lambda leaf: leaf[rows], params), keys[rows]))
            for place, i in enumerate(todo.copy()):
                net, boxes = jax.tree.map(lambda leaf: leaf[place], found)
                certificate = search.certificate(config.cell, net, boxes, sets)
                certificate['sha256'] = check.digest(certificate)
                try:
                    slack, margin = check.check(certificate)
                except check.Refused:
                    continue
                todo.remove(i)
                seed = config.seed + i
                proofs[seed] = net, boxes, sets
                certificate |= {'slack': slack, 'margin': margin, 'seed': seed, 'version': __version__}
                if given['as_trained']:
                    results[seed]['verdict'] = 'proved'
                results[seed] |= {'slack': slack, 'margin': margin, 'float32_error': check.float32_error(certificate, margin),
                                  'sets': len(sets.carry)}
                workdir.write_json(out / f'seed{seed}.json', certificate)
            bar.update()
    return proofs


def _sets_figure(config, seed, net, boxes, sets):
    """The states that a proved net reaches, in two principal directions, and its sets around them."""
    import jax
    import numpy as np

    from jaxdl import plots
    from jaxdl.verify import search
    bits = np.asarray(jax.random.bernoulli(jax.random.key(seed), .5, (40, 60, 2))).astype(int)
    states = np.asarray(search.simulate(config.cell, net, bits)[0])[:, :, 0]  # h
    carries = np.zeros((40, 61), int)
    for t in range(60):
        carries[:, t + 1] = (bits[:, t].sum(1) + carries[:, t]) // 2
    lo, hi = (np.asarray(end)[:, 0] for end in search.ends(boxes))
    return plots.proved_sets(f'{config.cell} of {config.hidden} units, seed {seed}: states h, and the sets that hold them for ever',
                             states, carries[:, 1:], bits, lo, hi, sets.carry)


def _accuracy_figure(config, params, results, proved):
    """Share of long structured strings that proved nets have right, and the nets as trained, by what is known of those."""
    import jax
    import numpy as np

    from jaxdl import plots
    from jaxdl.metrics import interval
    from jaxdl.verify.refute import right_up_to
    lengths = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000]
    groups = {'proved nets': jax.tree.map(lambda *leaves: np.stack(leaves), *proved)}
    for verdict in ('refuted', 'unknown'):
        rows = np.array([i for i, row in enumerate(results.values()) if row['verdict'] == verdict], int)
        if len(rows):
            groups[f'as trained, {"refuted" if verdict == "refuted" else "no error known"}'] = jax.tree.map(lambda leaf: leaf[rows], params)
    table = {}
    for name, nets in groups.items():
        shares = right_up_to(config.cell, nets, jax.random.key(config.seed + 1), lengths)
        table[f'{name} ({len(shares)})'] = {'lengths': lengths, 'exact_match': interval(shares)}
    return plots.accuracy_by_length(f'{config.cell}, {config.hidden} units: strings of random runs', 'bits', table, config.max_length)


if __name__ == '__main__':
    command(main)
