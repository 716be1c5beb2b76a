"""Installing on Colab replaces nothing that Colab ships.

tests/colab_versions/ has the versions that it ships, a file for each kind of its machines, in the
form of pip's constraints.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / 'tests' / 'colab_versions').glob('*.txt'))
NOT_SHIPPED = '# Not shipped: '


def requirements(*extras):
    """What the project needs, with these extras."""
    project = tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']
    needed = list(project['dependencies'])
    for extra in extras:
        needed += project['optional-dependencies'][extra]
    return needed


def shipped_versions(file):
    """{package: version} of what Colab ships."""
    versions = {}
    for name, version in re.findall(r'^([\w.-]+)==(\S+)$', file.read_text(), re.MULTILINE):
        versions[canonicalize_name(name)] = version
    return versions


def packages_not_shipped(file):
    """The names of packages that the project needs and Colab lacks."""
    lines = file.read_text().splitlines()
    (names,) = [line.removeprefix(NOT_SHIPPED) for line in lines if line.startswith(NOT_SHIPPED)]
    return set(names.split(', '))


@pytest.mark.quick
@pytest.mark.parametrize('file', FILES, ids=lambda file: file.stem)
def test_what_colab_ships_is_new_enough(file):
    shipped = shipped_versions(file)
    compared = set()
    for line in requirements('prove', 'test', 'bench'):
        requirement = Requirement(line)
        name = canonicalize_name(requirement.name)
        if name in shipped:
            assert requirement.specifier.contains(shipped[name]), f'{line}, {shipped[name]} shipped'
            compared.add(name)
        else:
            assert name in packages_not_shipped(file), f'does Colab ship {name}?'
    assert {'jax', 'flax', 'numpy', 'absl-py', 'orbax-checkpoint'} <= compared


@pytest.mark.network
@pytest.mark.parametrize('file', FILES, ids=lambda file: file.stem)
def test_what_colab_ships_is_kept(file, tmp_path):
    report = tmp_path / 'report.json'
    command = [sys.executable, '-m', 'pip', 'install', '--quiet', '--dry-run', '--ignore-installed']
    command += ['--report', str(report), '--constraint', str(file)]
    # pip ends with an error if a version that is shipped does not do.
    pip = subprocess.run(
        [*command, *requirements('prove', 'test', 'bench')], capture_output=True, text=True
    )
    assert pip.returncode == 0, pip.stderr
    # Nothing is needed of which it is not known whether Colab ships it.
    known = set(shipped_versions(file)) | packages_not_shipped(file)
    for package in json.loads(report.read_text())['install']:
        assert canonicalize_name(package['metadata']['name']) in known
