"""Imports run one way, each heavy package has one home, and what is public is typed."""

import ast
import functools
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
    'exhibits': ('core', 'training', 'proofs'),
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


@functools.cache
def _tree(path):
    return ast.parse((ROOT / path).read_text())


@functools.cache
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


def test_packages_are_imported_at_home():
    strays = []
    for path in FILES:
        for name in _imports(path):
            homes = HOMES.get(name.split('.')[0])
            if homes is not None and not str(path).startswith(homes):
                strays.append(f'{path} imports {name}, whose home is {homes}')
    assert strays == []


def test_the_library_imports_one_way():
    wrong = []
    for path in FILES:
        if path.parts[0] != 'jaxdl':
            continue
        allowed = (*LIBRARY_IMPORTS[path.parts[1]], 'UserError', 'names', 'arguments')
        for name in _imports(path):
            package, *inner = name.split('.')
            is_inner = package == 'jaxdl' and inner
            if package == 'experiments' or (is_inner and inner[0] not in allowed):
                wrong.append(f'{path} imports {name}')
    assert wrong == []


def test_rooms_import_one_way():
    wrong = []
    for path in FILES:
        if path.parts[0] != 'experiments' or len(path.parts) == 2:
            continue
        room = path.parts[1]
        allowed = (room, *ROOMS[room])
        for name in _imports(path):
            package, *inner = name.split('.')
            if package == 'experiments' and inner and inner[0] not in allowed:
                wrong.append(f'{path} imports {name}')
    assert wrong == []


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


def _untyped_arguments(function):
    names = []
    for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
        if argument.arg not in ('self', 'cls') and argument.annotation is None:
            names.append(argument.arg)
    return names


def test_what_is_public_is_typed_and_documented():
    missing = []
    for path in FILES:
        for function in _public_functions(_tree(path)):
            where = f'{path}: {function.name}'
            if not ast.get_docstring(function):
                missing.append(f'{where} has no docstring')
            if function.returns is None:
                missing.append(f'{where} does not say what it returns')
            for argument in _untyped_arguments(function):
                missing.append(f'{where}({argument}) has no type')
    assert missing == []
