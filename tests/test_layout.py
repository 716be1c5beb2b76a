"""Imports run one way, each heavy package has one home, and what is public is typed."""

import ast
from pathlib import Path

import pytest

pytestmark = pytest.mark.quick
ROOT = Path(__file__).parents[1]
FILES = []
for top in ('jaxdl', 'experiments'):
    FILES += sorted(path.relative_to(ROOT) for path in (ROOT / top).rglob('*.py'))

PEERS = 'experiments/benchmark/peers/'
# Where a package may be imported. A home that ends in / is a folder.
HOMES = {
    'flax': ('jaxdl/models/', f'{PEERS}flax_loop.py'),
    'tensorflow_datasets': ('jaxdl/data/',),
    'orbax': ('jaxdl/checkpoint.py',),
    'matplotlib': ('jaxdl/figures/',),
    'jinja2': ('experiments/exhibits/page.py', 'experiments/reports/page/render.py'),
    'markdown': ('experiments/reports/page/render.py',),
    'filelock': ('experiments/training/folder_lock.py',),
    'flint': tuple(
        f'jaxdl/verify/{name}.py' for name in ('affine', 'check', 'exact_step', 'rounding')
    ),
    'absl': ('experiments/core/flags.py',),
    'msgspec': (
        'jaxdl/metrics.py',
        'experiments/core/file_schema.py',
        'experiments/core/schemas/',
    ),
    'torch': (f'{PEERS}pytorch.py', f'{PEERS}torch_adder.py'),
    'keras': (f'{PEERS}keras_jax.py',),
    'tensorflow': (),
}
# What each part of jaxdl may import of jaxdl, beside UserError.
LIBRARY_IMPORTS = {
    'models': ('models',),
    'data': ('data', 'durable_files'),
    'visualize': ('visualize',),
    'verify': ('verify',),
    'figures': ('figures',),
    'train.py': ('metrics',),
    'metrics.py': (),
    'parallel.py': (),
    'checkpoint.py': ('durable_files',),
    'durable_files.py': (),
    'backend.py': (),
    'names.py': (),
    'arguments.py': (),
    '__init__.py': (),
}
# The rooms of experiments, and those that each may import.
ROOMS = {
    'core': (),
    'training': ('core',),
    'views': ('core', 'training'),
    'proofs': ('core', 'training'),
    'exhibits': ('core', 'training'),
    'reports': ('core', 'training'),
    'benchmark': ('core', 'training', 'reports'),
}
COMMANDS = {
    'main',
    'visualize',
    'prove',
    'predict',
    'transfer',
    'bench',
    'reproduce',
    'report',
    'playground',
}


def _tree(path):
    return ast.parse((ROOT / path).read_text())


def _imports(path):
    """All modules, and names of modules, that a file imports, with dots."""
    names = []
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module)
            names += [f'{node.module}.{alias.name}' for alias in node.names]
    return names


@pytest.mark.parametrize('path', FILES, ids=str)
def test_packages_are_imported_at_home(path):
    for name in _imports(path):
        homes = HOMES.get(name.split('.')[0])
        if homes is not None:
            assert str(path).startswith(homes), f'{path} imports {name}, whose home is {homes}'


@pytest.mark.parametrize('path', [path for path in FILES if path.parts[0] == 'jaxdl'], ids=str)
def test_the_library_imports_one_way(path):
    allowed = (*LIBRARY_IMPORTS[path.parts[1]], 'UserError', 'names', 'arguments')
    for name in _imports(path):
        package, *inner = name.split('.')
        assert package != 'experiments', f'{path} imports {name}'
        if package == 'jaxdl' and inner:
            assert inner[0] in allowed, f'{path} imports {name}'


@pytest.mark.parametrize('path', [path for path in FILES if len(path.parts) > 2], ids=str)
def test_rooms_import_one_way(path):
    if path.parts[0] != 'experiments':
        return
    room = path.parts[1]
    for name in _imports(path):
        package, *inner = name.split('.')
        if package == 'experiments' and inner:
            allowed = (room, *ROOMS[room])
            assert inner[0] in allowed, f'{path} imports {name}'


def test_the_top_of_experiments_holds_the_commands_alone():
    names = {path.stem for path in (ROOT / 'experiments').glob('*.py')}
    assert names == {*COMMANDS, '__init__', '__main__'}


def _public_functions(tree):
    """Functions of a module, and methods of its classes, without a leading underscore."""
    for node in tree.body:
        nodes = node.body if isinstance(node, ast.ClassDef) else [node]
        for function in nodes:
            if isinstance(function, ast.FunctionDef) and not function.name.startswith('_'):
                yield function


@pytest.mark.parametrize('path', FILES, ids=str)
def test_what_is_public_is_typed_and_documented(path):
    for function in _public_functions(_tree(path)):
        where = f'{path}: {function.name}'
        assert ast.get_docstring(function), f'{where} has no docstring'
        assert function.returns is not None, f'{where} does not say what it returns'
        arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        for argument in arguments:
            if argument.arg not in ('self', 'cls'):
                assert argument.annotation is not None, f'{where}({argument.arg}) has no type'
