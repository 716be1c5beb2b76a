"""Imports run one way, and each heavy package has one home."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(
    path.relative_to(ROOT)
    for top in ('jaxdl', 'experiments')
    for path in (ROOT / top).rglob('*.py')
)
HOMES = {
    'flax': ('jaxdl/models/', 'experiments/peers/flax_loop.py'),
    'tensorflow_datasets': 'jaxdl/data/',
    'orbax': 'jaxdl/checkpoint.py',
    'matplotlib': 'jaxdl/plots.py',
    'flint': ('jaxdl/verify/check.py', 'jaxdl/verify/forms.py'),
    'absl': 'experiments/',
    'torch': ('experiments/bench.py', 'experiments/peers/pytorch.py', 'experiments/torch_adder.py'),
    'keras': 'experiments/peers/keras_jax.py',
    'tensorflow': 'nowhere',
}
ALLOWED = {
    'models': ('models',),
    'data': ('data',),
    'metrics.py': (),
    'plots.py': (),
    'pictures.py': ('plots',),
    'charts.py': ('plots',),
    'parallel.py': (),
    'visualize': ('visualize',),
    'verify': ('verify',),
    'checkpoint.py': (),
    'train.py': ('metrics',),
    '__init__.py': (),
}


def _imported(path):
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f'{node.module}.{alias.name}' for alias in node.names)


@pytest.mark.parametrize('path', FILES, ids=str)
def test_imports_run_one_way(path):
    for name in _imported(path):
        home = HOMES.get(name.split('.')[0], '')
        assert str(path).startswith(home), f'{path} imports {name}, whose home is {home}'
        if path.parts[0] == 'jaxdl':
            assert not name.startswith('experiments')
            inner = name.split('.')[1:2] if name.startswith('jaxdl.') else []
            assert not inner or inner[0] in (*ALLOWED[path.parts[1]], 'UserError'), (
                f'{path} imports {name}'
            )


def test_the_trusted_checker_has_no_jax():
    todo, standard = (
        ['check'],
        {'flint', 'functools', 'hashlib', 'json', 'math', 'struct', 'typing'},
    )
    for module in todo:
        names = set(_imported(Path(f'jaxdl/verify/{module}.py')))
        ours = {name.split('.')[2] for name in names if name.startswith('jaxdl.verify.')}
        assert {name.split('.')[0] for name in names} <= standard | {'jaxdl'} and all(
            name.startswith('jaxdl.verify.') for name in names if name.startswith('jaxdl')
        )
        todo += ours - set(todo)
    assert set(todo) == {'check', 'forms', 'machine', 'rounding'}
