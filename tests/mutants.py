"""Mutants: copies of a module with one sign, comparison, rounding, constant or condition changed.

    python -m tests.mutants MODULE TEST_FILE...

prints the mutants of a module of jaxdl that none of the test files catches. Each one runs in a
process of its own, forked from one that has already imported what is heavy.
"""

import ast
import copy
import importlib.abc
import importlib.util
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
LONGEST_RUN = 120  # seconds; a mutant that takes longer is caught

OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
# Parts of names between underscores.
WORDS = {
    'low': 'high',
    'lower': 'upper',
    'lowest': 'highest',
    'min': 'max',
    'down': 'up',
    'smallest': 'largest',
    'least': 'greatest',
    'any': 'all',
    'add': 'subtract',
    'tanh': 'sigmoid',
}
WORDS |= {second: first for first, second in WORDS.items()}


class Mutant(NamedTuple):
    """A changed module.

    Attributes:
        name: The function, the code before and after, and which of several like it.
        source: Of the whole module.
    """

    name: str
    source: str


def other_name(name: str) -> str:
    """The name with low for high, min for max and so on, or the same one."""
    words = name.split('_')
    return '_'.join(WORDS.get(word, word) for word in words)


def changes_of(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in place of a node of the syntax tree."""
    if isinstance(node, ast.BinOp | ast.AugAssign | ast.BoolOp) and type(node.op) in OPERATORS:
        yield with_field(node, 'op', OPERATORS[type(node.op)]())
    elif isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            if type(operator) in OPERATORS:
                changed = [*node.ops]
                changed[place] = OPERATORS[type(operator)]()
                yield with_field(node, 'ops', changed)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield node.operand
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield with_field(node, 'value', node.value + 1)
    elif isinstance(node, ast.Constant) and type(node.value) is bool:
        yield with_field(node, 'value', not node.value)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        if other_name(node.id) != node.id:
            yield with_field(node, 'id', other_name(node.id))
    elif isinstance(node, ast.Attribute) and other_name(node.attr) != node.attr:
        yield with_field(node, 'attr', other_name(node.attr))
    elif isinstance(node, ast.If) and isinstance(node.body[-1], ast.Raise):
        yield with_field(node, 'test', ast.Constant(False))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield ast.Pass()


def with_field(node: ast.AST, field: str, value: object) -> ast.AST:
    """A copy of a node with another value of a field."""
    changed = copy.copy(node)
    setattr(changed, field, value)
    return changed


def fields_of(node: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    """The nodes right below one, but types: field, place in it if it is a list, and node."""
    for field, value in ast.iter_fields(node):
        if field in ('annotation', 'returns'):
            continue
        if isinstance(value, ast.AST):
            yield field, None, value
        elif isinstance(value, list):
            for place, entry in enumerate(value):
                if isinstance(entry, ast.AST):
                    yield field, place, entry


def mutants_of(source: str) -> list[Mutant]:
    """All mutants of a module."""
    tree = ast.parse(source)
    mutants = []
    names = set()

    def visit(parent: ast.AST, function: str) -> None:
        for field, place, node in fields_of(parent):
            for changed in changes_of(node):
                put(parent, field, place, changed)
                name = f'{function}: {first_line(node)} -> {first_line(changed)}'
                number = 2
                while name in names:
                    name = f'{name.split(" #")[0]} #{number}'
                    number += 1
                names.add(name)
                mutants.append(Mutant(name, ast.unparse(ast.fix_missing_locations(tree))))
                put(parent, field, place, node)
            if isinstance(node, ast.FunctionDef):
                visit(node, node.name)
            else:
                visit(node, function)

    visit(tree, 'module')
    return mutants


def put(parent: ast.AST, field: str, place: int | None, node: ast.AST) -> None:
    """Puts a node below another one."""
    if place is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[place] = node


def first_line(node: ast.AST) -> str:
    """The code of a node, up to its first line break."""
    return ast.unparse(node).partition('\n')[0]


class MutantFinder(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Makes `import` run the source of a mutant in place of its module."""

    def __init__(self, module: str, source: str) -> None:
        self.module = module
        self.source = source

    def find_spec(self, name, path, target=None):
        """The module's spec, if it is the one."""
        if name != self.module:
            return None
        origin = ROOT / (name.replace('.', '/') + '.py')
        return importlib.util.spec_from_file_location(name, origin, loader=self)

    def get_source(self, fullname: str) -> str:
        """The mutant."""
        return self.source


def start_tests(module: str, mutant: Mutant, test_files: list[str]) -> int:
    """Runs the tests with a mutant in a process of its own, whose number is returned.

    Its exit code is 0 if no test fails.
    """
    child = os.fork()
    if child:
        return child
    signal.alarm(LONGEST_RUN)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    sys.meta_path.insert(0, MutantFinder(module, mutant.source))
    flags = ['-x', '-q', '-n0', '-p', 'no:cacheprovider', '-m', 'not slow']
    os._exit(int(pytest.main([*flags, *test_files])))


def survivors(module: str, test_files: list[str]) -> list[str]:
    """The names of the mutants of a module that no test catches.

    Raises:
        RuntimeError: A test fails with the unchanged module.
    """
    source = (ROOT / (module.replace('.', '/') + '.py')).read_text()
    unchanged = Mutant('unchanged', source)
    waiting = [*mutants_of(source), unchanged]
    running = {}
    found = []
    while waiting or running:
        while waiting and len(running) < os.cpu_count():
            mutant = waiting.pop()
            running[start_tests(module, mutant, test_files)] = mutant
        process, status = os.wait()
        mutant = running.pop(process)
        if mutant == unchanged and status != 0:
            raise RuntimeError(f'{test_files} fail without a mutant')
        if mutant != unchanged and status == 0:
            found.append(mutant.name)
    return found


def import_what_is_heavy() -> None:
    """Once, for all processes; nothing of jaxdl, which is imported anew with each mutant."""
    for name in ('flint', 'hypothesis', 'jax', 'jax.numpy', 'mpmath', 'numpy'):
        importlib.import_module(name)


if __name__ == '__main__':
    import_what_is_heavy()
    for survivor in survivors(sys.argv[1], sys.argv[2:]):
        print(survivor)
