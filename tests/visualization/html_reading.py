"""A page read back: tags, attributes, texts and tables, every tag closed."""

import re
from html.parser import HTMLParser

VOID = {'meta', 'img', 'br', 'hr', 'link', 'input'}


class ReadPage(HTMLParser):
    """What is in a page.

    Args:
        source: HTML.
    """

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.style = ''
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert not self._open, f'never closed: {self._open}'

    @property
    def tags(self) -> set[str]:
        return {tag for tag, _ in self.elements}

    @property
    def text(self) -> str:
        return ' '.join(' '.join(self.texts).split())

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), f'{tag} has an attribute twice'
        self.elements.append((tag, dict(attrs)))
        if tag == 'table':
            self.tables.append([])
        elif tag == 'tr':
            self.tables[-1].append([])
        elif tag in ('th', 'td'):
            self.tables[-1][-1].append('')
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self._open and self._open[-1] == tag, f'</{tag}> closes {self._open[-1:]}'
        self._open.pop()

    def handle_data(self, data):
        if 'style' in self._open:
            self.style += data
            return
        self.texts.append(data)
        if self._open and self._open[-1] in ('th', 'td'):
            self.tables[-1][-1][-1] += re.sub('\N{NO-BREAK SPACE}', ' ', data)
