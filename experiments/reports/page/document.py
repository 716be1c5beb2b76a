"""A page of text, tables and pictures: Markdown with files beside it, and one HTML file of all."""

import base64
import html
import os
import re
from collections.abc import Sequence
from pathlib import Path

from jaxdl.durable_files import write_whole
from jaxdl.figures.base import Figure, to_png

STYLE = """
body { max-width: 62rem; margin: auto; padding: 1rem;
       font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff }
img { max-width: 100%; height: auto }
figure { margin: 1rem 0 }
code { background: #f2f2f2; padding: 0 .2em }
table { border-collapse: collapse; display: block; overflow-x: auto; font-size: .85rem }
th, td { border: 1px solid #ccc; padding: .2rem .5rem; text-align: left; white-space: nowrap }
.differs { color: #b00020 }
.stands { color: #00713a }
nav ul { columns: 2 }
h2 { margin-top: 3rem; border-top: 1px solid #ccc; padding-top: 1rem }
"""
HTML = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<nav>{contents}</nav>
{body}
</body>
</html>
"""


class Page:
    """A page that grows from top to bottom."""

    def __init__(self, folder: Path, figure_folder: Path):
        """An empty page.

        Args:
            folder: Where the page will lie. Paths of pictures are relative to it.
            figure_folder: Where figures are written.
        """
        self.folder = folder
        self.figure_folder = figure_folder
        self.parts: list[str] = []

    def text(self, text: str) -> None:
        """Adds Markdown."""
        self.parts.append(text)

    def list(self, items: Sequence[str]) -> None:
        """Adds a list of Markdown items."""
        self.parts.append('\n'.join(f'- {item}' for item in items))

    def table(self, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Adds a table, each row with a cell for every column."""
        lines = [_table_line(header), _table_line(['---'] * len(header))]
        for row in rows:
            lines.append(_table_line(row))
        self.parts.append('\n'.join(lines))

    def figure(self, name: str, figure: Figure, caption: str) -> None:
        """Adds a figure, which is written to <name>.png."""
        self.figure_folder.mkdir(parents=True, exist_ok=True)
        file = self.figure_folder / f'{name}.png'
        write_whole(file, to_png(figure))
        self.picture(file, caption)

    def picture(self, file: Path, caption: str) -> None:
        """Adds an image file."""
        path = os.path.relpath(file, self.folder)
        self.parts.append(f'![{caption}]({path})\n\n*{caption}*')

    def markdown(self) -> str:
        """The page as Markdown."""
        return '\n\n'.join(self.parts) + '\n'

    def html(self, title: str) -> str:
        """The page as one HTML file that needs no other file, no server and no network."""
        import markdown  # only this function needs it

        converter = markdown.Markdown(
            extensions=['tables', 'toc'], extension_configs={'toc': {'toc_depth': '2'}}
        )
        body = converter.convert(self.markdown())
        body = re.sub(r'src="([^"]+)"', self._inline_image, body)
        # Verdicts are coloured.
        body = re.sub(r'<td>(stands|differs)', r'<td class="\1">\1', body)
        return HTML.format(title=html.escape(title), style=STYLE, contents=converter.toc, body=body)

    def _inline_image(self, source: re.Match) -> str:
        """The attributes of an <img> whose file is part of the page."""
        file = self.folder / source[1]
        kind = 'jpeg' if file.suffix == '.jpg' else 'png'
        content = base64.b64encode(file.read_bytes()).decode()
        return f'loading="lazy" src="data:image/{kind};base64,{content}"'


def _table_line(cells: Sequence[object]) -> str:
    # A bar within a cell would end it.
    texts = [str(cell).replace('|', '\\|') for cell in cells]
    return f'| {" | ".join(texts)} |'
