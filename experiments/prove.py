"""Proves adders and recall nets right at every length: python -m experiments.prove --workdir=RUN, or --check=FILE for a proof alone."""

from pathlib import Path

from experiments.core.command import CACHE_FLAG, command, settings, use_compilation_cache
from jaxdl import UserError

FLAGS = {
    'workdir': ('', 'folder of a run of binary_add or recall'),
    'check': ('', 'check this certificate alone, and do nothing else'),
    'as_trained': (
        False,
        'leave the weights as they are: search sets only; else weights and sets are fine-tuned together',
    ),
    'history': (
        -1,
        'one set for each memory (carry, digit), then for each memory and last input, ... up to so many last inputs; '
        '-1: 2 for adders, 0 for recall',
    ),
    'steps': (6000, 'steps of the search'),
    **CACHE_FLAG,
    'help': (False, 'show this'),
}
AT_ONCE = 50  # nets in one program
FILES = ('proofs.json', 'sets.png', 'accuracy.png')


def main(argv):
    given = settings(argv, FLAGS)
    if given['check']:
        check_alone(given['check'])
    elif not given['workdir']:
        raise UserError(
            '--workdir=RUN, the folder of a run of binary_add or recall, or --check=FILE is needed'
        )
    elif not -1 <= given['history'] <= 4:
        raise UserError(
            f'--history={given["history"]} must be from 0 to 4, or -1: sets are four times as many, or ten times, for each'
        )
    elif given['steps'] <= 0:
        raise UserError(f'--steps={given["steps"]} must be greater than 0')
    else:
        use_compilation_cache(given['compilation_cache'])
        _prove(Path(given['workdir']).expanduser(), given)


def _checker():
    try:
        from jaxdl.verify import check
    except ModuleNotFoundError:
        raise UserError(
            'proofs are checked with python-flint, which is not installed; try pip install python-flint'
        ) from None
    return check


def check_alone(file):
    """Says what a certificate proves. Raises UserError if it proves nothing."""
    check = _checker()
    try:
        slack, margin, rounding, task = check.check_file(file)
    except check.Refused as error:
        raise UserError(f'{file} is refused: {error}') from None
    print(
        f'{file}: proved. This net {task} at every length; slack {slack:.2g} in each state unit, sums of logits clear 0 by {margin:.2g}'
    )
    print(
        f'float32 rounding is at most {rounding:.2g} a step, which the slack {"covers" if rounding < slack else "does not cover"}'
    )


def _prove(folder, given):
    """Refutes, searches, checks; writes certificates, proofs.json and figures to proofs/, and prints a line for each seed."""
    import jax

    from experiments.proofs import figures as proof_figures
    from experiments.training import finished_run as trained, workdir
    from jaxdl.figures import base as plots
    from jaxdl.verify import automaton as machine, falsify as refute

    _checker()
    config, _, epochs, params_at = trained.population(folder, ('binary_add', 'recall'))
    if config.layers > 1 or config.bidirectional or config.activation != 'tanh':
        raise UserError(
            f'{folder} holds a net of {config.layers} layers, {"two directions" if config.bidirectional else "one direction"} and '
            f'{config.activation}: proofs are for one layer, one direction and tanh'
        )
    if config.task == 'recall' and (given['history'] > 1 or config.k > 20):
        raise UserError(
            f'--history={given["history"]} on a recall of digit {config.k}: for recall it is 1 at most, and the digit the 20th'
        )
    jax.config.update(
        'jax_default_matmul_precision', 'highest'
    )  # a GPU's TF32 is coarser than the margins
    params, right = params_at(epochs[-1])['params'], machine.machine(config.task, config.k)
    found = refute.refute(config.cell, right, params, jax.random.key(config.seed))
    tested = workdir.results_of(folder)
    tested = (
        tested['tested'].get('verdicts', {}) if tested and tested['epoch'] == epochs[-1] else {}
    )
    results = {}
    for i, wrong in enumerate(found):
        words = (
            _words(config, right, wrong)
            if wrong
            else tested.get(str(config.seed + i), {}).get('counterexample')
        )
        results[config.seed + i] = {
            'verdict': 'refuted' if words else 'unknown',
            'counterexample': words,
        }
    proofs, certificates = _search(config, right, params, given, results)
    for seed, row in results.items():
        print(f'seed {seed}: ' + _line(row))
    proved = [row for row in results.values() if 'slack' in row]
    covered = sum(row['slack'] > row['float32_error'] for row in proved)
    weights = 'as trained' if given['as_trained'] else 'fine-tuned from them'
    print(
        f'{len(proved)} of {len(results)} nets {weights} are proved right at every length, {covered} with float32 rounding; '
        f'{sum(row["verdict"] == "refuted" for row in results.values())} nets as trained are refuted'
    )
    out = folder / 'proofs'
    out.mkdir(exist_ok=True)
    for old in (*out.glob('seed*.json'), *(out / name for name in FILES)):
        old.unlink(missing_ok=True)
    for seed, certificate in certificates.items():
        workdir.write_json(out / f'seed{seed}.json', certificate)
    workdir.write_json(
        out / 'proofs.json', {'weights': weights, 'epoch': epochs[-1], 'seeds': results}
    )
    if proofs:
        seed, proof = next(iter(proofs.items()))
        nets = [net for net, *_ in proofs.values()]
        (out / 'sets.png').write_bytes(plots.png(proof_figures.sets(config, right, seed, *proof)))
        (out / 'accuracy.png').write_bytes(
            plots.png(proof_figures.accuracy(config, right, params, results, nets))
        )
    print(
        f'files in {out}: proofs.json, a certificate seed*.json for each proof'
        + (', sets.png, accuracy.png' if proofs else '')
    )


def _words(config, machine, wrong):
    """A counterexample as text."""
    import numpy as np

    from jaxdl.verify import falsify as refute

    if config.task == 'binary_add':
        return refute.words(np.array(machine.inputs)[wrong.inputs])
    digits = [str(digit) for digit in wrong.inputs]
    shown = ' '.join(digits) if len(digits) <= 20 else refute.runs(digits)
    return f'{shown}: digit {config.k} is {digits[config.k - 1]}, answered {wrong.answer}'


def _line(row):
    """A seed's verdicts in words."""
    trained = (
        f'as trained refuted ({row["counterexample"]})'
        if row['counterexample']
        else 'as trained no error found'
    )
    if 'slack' not in row:
        return trained + '; not proved'
    return (
        trained
        + f'; proved, slack {row["slack"]:.2g}, float32 rounding {row["float32_error"]:.1g}, logits clear 0 by {row["margin"]:.2g}'
    )


def _search(config, right, params, given, results):
    """({seed: (params, sets, labels)}, {seed: certificate}) of the nets proved, with ever finer sets for those still without."""
    import jax
    import numpy as np
    from tqdm import tqdm

    from jaxdl.verify import search

    keys = jax.vmap(jax.random.key)(config.seed + np.arange(config.seeds))
    todo = [
        i
        for i in range(config.seeds)
        if not (given['as_trained'] and results[config.seed + i]['counterexample'])
    ]
    last = given['history'] if given['history'] >= 0 else 2 if config.task == 'binary_add' else 0
    proofs, certificates = {}, {}
    for history in range(last + 1):
        if not todo:
            break
        labels = search.labels(right, history)

        @jax.jit
        def tried(params, keys):
            def one(params, key):
                sets = search.reached(config.cell, params, labels, right, key)
                return search.search(
                    config.cell,
                    params,
                    sets,
                    labels,
                    right,
                    not given['as_trained'],
                    given['steps'],
                )

            return jax.vmap(one)(params, keys)

        at_once = min(AT_ONCE, len(todo))
        with tqdm(
            total=len(todo),
            unit='net',
            desc=f'{len(labels.memory)} sets, by memory and last {history} inputs',
        ) as bar:
            for start in range(0, len(todo), at_once):
                rows = np.resize(
                    todo[start : start + at_once], at_once
                )  # of equal shape: one program
                found = jax.device_get(
                    tried(jax.tree.map(lambda leaf: leaf[rows], params), keys[rows])
                )
                for place, i in enumerate(todo[start : start + at_once]):
                    net, sets = jax.tree.map(lambda leaf: leaf[place], found)
                    seed = config.seed + i
                    if certificate := _certified(config, seed, net, sets, labels):
                        proofs[seed], certificates[seed] = (net, sets, labels), certificate
                        results[seed] |= {
                            name: certificate[name] for name in ('slack', 'margin', 'float32_error')
                        } | {'sets': len(labels.memory)}
                        results[seed] |= {'verdict': 'proved'} if given['as_trained'] else {}
                    bar.update()
        todo = [i for i in todo if config.seed + i not in proofs]
    return proofs, certificates


def _certified(config, seed, net, sets, labels):
    """The certificate of this net, if the checker accepts it, else None."""
    from jaxdl import __version__

    check = _checker()
    certificate = check.certificate(config.task, config.k, config.cell, net, sets, labels)
    try:
        slack, margin = check.check(certificate)
    except check.Refused:
        return None
    return certificate | {
        'slack': slack,
        'margin': margin,
        'float32_error': check.float32_error(certificate, margin),
        'seed': seed,
        'version': __version__,
    }


if __name__ == '__main__':
    command(main)
