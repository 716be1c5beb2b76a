"""What a stranger may put into a file: other JSON, other bytes. Strategies of hypothesis."""

import copy
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# The same examples every time, and no more than take seconds.
FEW = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=60,
    suppress_health_check=list(HealthCheck),
)
MANY = settings(FEW, max_examples=1000)

NUMBERS = st.one_of(
    st.integers(-3, 300),
    st.sampled_from([10**9, 2**31, 2**53 + 1, -(2**63), 10**30, 10**400, 1e308, -1e-308, 0.5]),
    st.sampled_from([float('nan'), float('inf'), float('-inf')]),
)
TEXTS = st.one_of(
    st.text(max_size=5),
    st.sampled_from(['', '0', '5', '\n', '\0', '\ud800', '../../x', '/etc/passwd', 'refuted', '$']),
)
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)


def nested(depth):
    """Lists inside each other, so many."""
    value = []
    for _ in range(depth):
        value = [value]
    return value


VALUES = st.one_of(
    LEAVES,
    st.recursive(
        LEAVES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=5,
    ),
    st.sampled_from([60, 400]).map(nested),
)


def _places(content, path=()):
    """The paths of all values inside a content, those near its top first."""
    places = [path]
    if isinstance(content, dict):
        for name, value in content.items():
            places += _places(value, (*path, name))
    elif isinstance(content, list):
        # The first and the last stand for those between.
        for index in sorted({0, len(content) - 1}) if content else ():
            places += _places(content[index], (*path, index))
    return sorted(places, key=len)


@st.composite
def changed(draw, content):
    """A valid content with one to three values replaced, deleted, wrapped, exchanged or added."""
    content = copy.deepcopy(content)
    for _ in range(draw(st.integers(1, 3))):
        places = _places(content)
        path = draw(st.sampled_from(places))
        if not path:
            if draw(st.integers(0, 9)) == 0:
                content = draw(VALUES)
            continue
        parent = content
        for step in path[:-1]:
            parent = parent[step]
        kind = draw(st.sampled_from(['replace', 'replace', 'delete', 'wrap', 'exchange', 'add']))
        if kind == 'replace':
            parent[path[-1]] = draw(VALUES)
        elif kind == 'delete':
            del parent[path[-1]]
        elif kind == 'wrap':
            parent[path[-1]] = [parent[path[-1]]]
        elif kind == 'exchange':
            other = content
            for step in draw(st.sampled_from(places)):
                if not isinstance(other, dict | list):
                    break
                other = other[step] if _holds(other, step) else other
            parent[path[-1]] = copy.deepcopy(other)
        elif isinstance(parent, dict):
            parent[draw(TEXTS)] = draw(VALUES)
        else:
            parent.append(draw(VALUES))
    return content


def _holds(container, step):
    if isinstance(container, dict):
        return step in container
    return isinstance(step, int) and step < len(container)


def to_bytes(content):
    """JSON as a stranger writes it: numbers that are none, and halves of characters, too."""
    return json.dumps(content).encode()


@st.composite
def damaged(draw, content):
    """Bytes of a valid file that are changed, cut, doubled or replaced."""
    content = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        size = len(content)
        at = draw(st.integers(0, max(size - 1, 0)))
        kind = draw(st.sampled_from(['flip', 'flip', 'set', 'cut', 'delete', 'double', 'all']))
        if kind == 'flip' and size:
            content[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == 'set':
            content[at : at + 4] = draw(st.sampled_from([b'\xff' * 4, b'\0' * 4, b'\x7f\xff\xff']))
        elif kind == 'cut':
            del content[at:]
        elif kind == 'delete':
            del content[at : at + draw(st.integers(1, 50))]
        elif kind == 'double':
            content[at:at] = content[at : at + 100]
        elif draw(st.integers(0, 4)) == 0:
            content = bytearray(draw(st.binary(max_size=200)))
    return bytes(content)


def fuzz(check, folder, contents, examples):
    """Calls check(folder, content) with contents of a strategy.

    Args:
        check: Raises what no stranger should be able to raise.
        folder: For the file.
        contents: The strategy.
        examples: FEW or MANY.
    """

    @examples
    @given(contents)
    def check_example(content):
        check(folder, content)

    check_example()


def files_in(folder):
    """{path: bytes} of all files in a folder."""
    return {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()}
