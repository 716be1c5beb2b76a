"""What the page is made of: small blocks of data, which the templates write as Markdown and HTML.

Texts are Markdown of one paragraph: emphasis, `code` and [links](#anchor).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from experiments.reports.claims.answer import Kind as AnswerKind
from experiments.reports.verdict import Kind as VerdictKind
from jaxdl.figures.base import Figure

# The signs of answers and verdicts. They differ in shape, for those who cannot tell their colours.
MARK_SIGNS: dict[VerdictKind | AnswerKind, str] = {
    'agrees': '✓',
    'differs': '✗',
    'undecided': '?',
    'holds': '✓',
    'does not hold': '✗',
}
Tone = Literal['good', 'bad', 'open', 'none']
TONES: dict[str, Tone] = {'✓': 'good', '✗': 'bad', '?': 'open'}


@dataclass(frozen=True)
class TextCell:
    """A cell with a text."""

    kind: ClassVar[str] = 'text'
    text: str


@dataclass(frozen=True)
class NumberCell:
    """A cell with numbers, which are aligned on the right."""

    kind: ClassVar[str] = 'number'
    text: str


@dataclass(frozen=True)
class MarkCell:
    """A cell with a verdict on a number, or an answer to a claim.

    Attributes:
        mark: The verdict or the answer.
        text: What is shown behind its sign.
    """

    kind: ClassVar[str] = 'mark'
    mark: str
    text: str

    @property
    def sign(self) -> str:
        """The sign of the mark; '' for what is no decision."""
        return MARK_SIGNS.get(self.mark, '')

    @property
    def tone(self) -> Tone:
        """Which colour it has."""
        return TONES.get(self.sign, 'none')


@dataclass(frozen=True)
class LinkCell:
    """A cell with a link to an anchor of the page."""

    kind: ClassVar[str] = 'link'
    text: str
    target: str


Cell = TextCell | NumberCell | MarkCell | LinkCell


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        cells: One for each column.
        anchor: A name by which it is linked to; '' if it has none.
    """

    cells: Sequence[Cell]
    anchor: str = ''


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = 'text'
    text: str


@dataclass(frozen=True)
class Items:
    """A list of texts."""

    kind: ClassVar[str] = 'items'
    items: Sequence[str]


@dataclass(frozen=True)
class Table:
    """A table. Its first column stays in sight where the others are scrolled."""

    kind: ClassVar[str] = 'table'
    header: Sequence[str]
    rows: Sequence[Row]


@dataclass(frozen=True)
class Picture:
    """A picture with a caption.

    Attributes:
        name: By which it is linked to; also that of the file of a figure.
        image: A figure, which is drawn when the page is written, or the file of a picture.
        caption: What to see in it.
        alt: What it shows, for those who do not see it.
    """

    kind: ClassVar[str] = 'picture'
    name: str
    image: Figure | Path
    caption: str
    alt: str


@dataclass(frozen=True)
class Details:
    """Blocks that are shown on demand, below a line that says what they are."""

    kind: ClassVar[str] = 'details'
    summary: str
    blocks: Sequence['Block']


@dataclass(frozen=True)
class Section:
    """A heading and what follows. A section within another one has a smaller heading."""

    kind: ClassVar[str] = 'section'
    title: str
    anchor: str
    blocks: Sequence['Block'] = field(default_factory=list)

    @property
    def sections(self) -> list['Section']:
        """The sections within this one."""
        return [block for block in self.blocks if isinstance(block, Section)]


Block = Text | Items | Table | Picture | Details | Section


def walk(blocks: Iterable[Block]) -> Iterator[Block]:
    """All blocks, with those within sections and details."""
    for block in blocks:
        yield block
        if isinstance(block, Section | Details):
            yield from walk(block.blocks)


def text_row(*cells: object, anchor: str = '') -> Row:
    """A row of texts. The first one is a name, the others are numbers."""
    first, *others = cells
    return Row([TextCell(str(first)), *(NumberCell(str(cell)) for cell in others)], anchor)


class Chapter:
    """Blocks that are added from top to bottom."""

    def __init__(self):
        """A Chapter without blocks."""
        self.blocks: list[Block] = []

    def text(self, text: str) -> None:
        """Adds a paragraph."""
        self.blocks.append(Text(text))

    def items(self, items: Sequence[str]) -> None:
        """Adds a list."""
        self.blocks.append(Items(items))

    def table(self, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Adds a table whose rows begin with a name and go on with numbers."""
        self.blocks.append(Table(header, [text_row(*row) for row in rows]))

    def figure(self, name: str, figure: Figure, caption: str) -> None:
        """Adds a figure, whose caption says what it shows."""
        self.blocks.append(Picture(name, figure, caption, alt=caption))
