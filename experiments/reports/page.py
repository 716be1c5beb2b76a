"""A page of text, tables and pictures, as Markdown with files beside it and as one HTML file that holds them."""

import base64
import html
import os
import re
from pathlib import Path

from jaxdl.figures import base as plots

STYLE = """body { max-width: 62rem; margin: auto; padding: 1rem; font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff }
img { max-width: 100%; height: auto } figure { margin: 1rem 0 } code { background: #f2f2f2; padding: 0 .2em }
table { border-collapse: collapse; display: block; overflow-x: auto; font-size: .85rem } th, td { border: 1px solid #ccc; padding: .2rem .5rem; text-align: left; white-space: nowrap }
.differs { color: #b00020 } .stands { color: #00713a } nav ul { columns: 2 } h2 { margin-top: 3rem; border-top: 1px solid #ccc; padding-top: 1rem }"""


class Page:
    """Markdown in parts; figures are written to `folder`, in a subfolder of where the page will lie."""

    def __init__(self, home, folder):
        self.home, self.folder, self.parts = Path(home), Path(folder), []

    def text(self, text):
        self.parts.append(text)

    def table(self, header, rows):
        lines = [header, ['---'] * len(header), *rows]
        self.parts.append(
            '\n'.join(
                '| ' + ' | '.join(str(cell).replace('|', '\\|') for cell in line) + ' |'
                for line in lines
            )
        )

    def figure(self, name, drawn, caption):
        """A matplotlib Figure."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f'{name}.png').write_bytes(plots.png(drawn))
        self.picture(self.folder / f'{name}.png', caption)

    def picture(self, file, caption):
        """An image file."""
        self.parts.append(f'![{caption}]({os.path.relpath(file, self.home)})\n\n*{caption}*')

    def markdown(self):
        return '\n\n'.join(self.parts) + '\n'

    def html(self, title):
        """One file, images and all, that needs no server and no network."""
        import markdown

        body = markdown.Markdown(
            extensions=['tables', 'toc'], extension_configs={'toc': {'toc_depth': '2'}}
        )
        text = body.convert(self.markdown())
        text = re.sub(
            r'src="([^"]+)"', lambda found: f'loading="lazy" src="{self._inlined(found[1])}"', text
        )
        text = re.sub(r'<td>(stands|differs)', r'<td class="\1">\1', text)
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<title>{html.escape(title)}</title><style>{STYLE}</style></head><body><nav>{body.toc}</nav>{text}</body></html>\n'
        )

    def _inlined(self, name):
        file = self.home / name
        kind = 'jpeg' if file.suffix == '.jpg' else 'png'
        return f'data:image/{kind};base64,{base64.b64encode(file.read_bytes()).decode()}'
