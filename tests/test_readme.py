"""README, docs and notebooks: the example runs, and no path, command or flag is amiss."""

import ast
import json
import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest

from experiments.core.config import Config
from experiments.core.flags import parse_flags
from experiments.main import COMMAND_FLAGS, base_config, config_flags
from experiments.views.passes_by_name import PASSES

ROOT = Path(__file__).parents[1]
README = ROOT / 'README.md'
DOCS = sorted((ROOT / 'docs').glob('*.md'))
PAGES = [README, *DOCS, ROOT / 'CONTRIBUTING.md']
NOTEBOOKS = sorted((ROOT / 'colab').glob('*.ipynb'))
COMMANDS = [path.stem for path in sorted((ROOT / 'experiments').glob('[a-z]*.py'))]
FOLDERS_WITH_PATHS = ('jaxdl', 'experiments', 'tests', 'docs', 'colab')


def text_of(path):
    """The text of a page, or of all cells of a notebook."""
    if path.suffix != '.ipynb':
        return path.read_text()
    cells = json.loads(path.read_text())['cells']
    return '\n'.join(''.join(cell['source']) for cell in cells)


def code_blocks(path, language):
    return re.findall(rf'^```{language}\n(.*?)^```$', text_of(path), re.MULTILINE | re.DOTALL)


def without_code_blocks(path):
    return re.sub(r'^```.*?^```$', '', text_of(path), flags=re.MULTILINE | re.DOTALL)


def command_lines(path):
    """(command, flags) of each `python -m experiments.<command> <flags>` on a page."""
    text = text_of(path).replace('\\\n', ' ')
    lines = []
    for command, rest in re.findall(r'-m experiments\.(\w+)([^`\n|]*)', text):
        rest = rest.split("'\n")[0]
        rest = re.sub(r'\$\w+', '', rest)  # a notebook's own flags, such as those of short runs
        if rest.count("'") % 2:  # the quote that ends a longer command, which this one is part of
            rest = rest[: rest.rindex("'")]
        lines.append((command, shlex.split(rest, comments=True)))
    return lines


def anchor(heading):
    """The anchor that GitHub gives a heading."""
    words = re.sub(r'[^\w\- ]', '', heading.lower())
    return words.replace(' ', '-')


def test_the_example_prints_what_the_readme_says(capsys):
    (example,) = code_blocks(README, 'python')
    exec(compile(example, 'the example of README.md', 'exec'), {})
    printed = capsys.readouterr().out.strip()
    assert f'It prints `{printed}`' in README.read_text()


@pytest.mark.quick
@pytest.mark.parametrize('command', COMMANDS)
def test_every_command_is_in_the_readme(command):
    assert command in [name for name, _ in command_lines(README)]


@pytest.mark.quick
@pytest.mark.parametrize('name', PASSES)
def test_every_pass_is_described(name):
    page = ROOT / 'docs' / 'looking-inside.md'
    assert f'\n| `{name}` |' in page.read_text()


@pytest.mark.quick
@pytest.mark.parametrize('page', DOCS, ids=lambda path: path.name)
def test_every_page_is_linked_from_the_readme(page):
    assert f'](docs/{page.name})' in README.read_text()


@pytest.mark.quick
@pytest.mark.parametrize('page', PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r'\]\(([^)\s]+)\)', without_code_blocks(page)):
        if target.startswith('http'):
            continue
        name, _, fragment = target.partition('#')
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        if fragment:
            headings = re.findall(r'^#+ (.*)$', file.read_text(), re.MULTILINE)
            assert fragment in map(anchor, headings), target


@pytest.mark.quick
@pytest.mark.parametrize('page', PAGES, ids=lambda path: path.name)
def test_paths_in_backquotes_exist(page):
    for name in re.findall(r'`([\w./-]+/[\w./-]*)`', without_code_blocks(page)):
        if name.split('/')[0] in FOLDERS_WITH_PATHS:
            assert (ROOT / name).exists(), name


@pytest.mark.quick
@pytest.mark.parametrize('page', [README, ROOT / 'docs' / 'design.md'], ids=lambda path: path.name)
def test_the_tree_is_the_one_of_the_repository(page):
    (tree,) = code_blocks(page, 'text')
    folder = ROOT
    for line in tree.splitlines():
        names = re.findall(r'\w+(?:/|\.py)', line)
        if not line.startswith(' '):
            folder = ROOT / names[0]
            names = [f'../{name}' for name in names]
        for name in names:
            assert (folder / name).exists(), line


def modules_behind(name):
    """The modules of jaxdl/verify that one of them imports, itself included."""
    modules = {name}
    unread = [name]
    while unread:
        file = ROOT / 'jaxdl' / 'verify' / f'{unread.pop()}.py'
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.ImportFrom) or not node.module.startswith('jaxdl.verify'):
                continue
            names = [alias.name for alias in node.names]
            if node.module != 'jaxdl.verify':
                names = [node.module.split('.')[2]]
            unread += set(names) - modules
            modules |= set(names)
    return modules


@pytest.mark.quick
def test_all_that_is_trusted_is_named():
    page = (ROOT / 'docs' / 'proofs.md').read_text()
    section = page.split('### What is trusted')[1].split('\n#')[0]
    assert set(re.findall(r'verify/(\w+)\.py', section)) == modules_behind('check')


@pytest.mark.quick
@pytest.mark.parametrize('page', [*PAGES, *NOTEBOOKS], ids=lambda path: path.name)
def test_settings_in_commands_of_main_are_possible(page):
    known = {**config_flags(Config()), **COMMAND_FLAGS}
    for command, words in command_lines(page):
        if command != 'main' or '--task=TASK' in words or '--task=...' in words:
            continue
        settings = parse_flags(['main', *words], known)
        base = base_config(settings.pop('preset', ''), settings)
        fields = {name: value for name, value in settings.items() if name not in COMMAND_FLAGS}
        Config(**{**vars(base), **fields})


@pytest.mark.parametrize('command', [name for name in COMMANDS if name != 'main'])
def test_flags_in_other_commands_exist(command, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', [command, '--help'])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_path(ROOT / 'experiments' / f'{command}.py', run_name='__main__')
    assert not stopped.value.code
    help_text = capsys.readouterr().out
    known = re.findall(r'^ +--(\w+)=', help_text, re.MULTILINE)
    for page in [*PAGES, *NOTEBOOKS]:
        for name, words in command_lines(page):
            flags = re.findall(r'^--(\w+)', '\n'.join(words), re.MULTILINE)
            if name == command:
                assert set(flags) <= {*known, 'help'}, page.name
