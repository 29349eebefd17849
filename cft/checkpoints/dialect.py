"""A way of naming the tensors of a network, and where in a file a network is named so."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """Names of one code base.

    Attributes:
        name: Of the code base or architecture.
        anchors: Names that such a network has, by which it is recognised; a bar parts
            alternatives behind the first.
        rules: Patterns and replacements, applied in this order.
    """

    name: str
    anchors: tuple[str, ...]
    rules: tuple[tuple[str, str], ...]

    def translate(self, name: str) -> str:
        """The name after all rules; the name itself if no rule is for it.

        Example:
            >>> Dialect('short', ('w',), ((r'^w$', 'weight'),)).translate('w')
            'weight'
        """
        for pattern, replacement in self.rules:
            name = re.sub(pattern, replacement, name)
        return name

    def prefixes(self, names: set[str]) -> list[str]:
        """Prefixes below which all anchors stand.

        Example:
            >>> Dialect('a layer', ('weight', 'bias|scale'), ()).prefixes({'fc.weight', 'fc.bias'})
            ['fc.']
        """
        first, *others = self.anchors
        found = (name[: len(name) - len(first)] for name in names if name == first or name.endswith(f'.{first}'))
        return sorted(
            prefix
            for prefix in found
            if all(any(prefix + either in names for either in other.split('|')) for other in others)
        )


def find_dialects(names: Iterable[str], dialects: Iterable[Dialect]) -> dict[str, Dialect]:
    """Prefixes below which a network is named in one of the dialects, of which the first that fits counts."""
    names = set(names)
    found: dict[str, Dialect] = {}
    for dialect in dialects:
        for prefix in dialect.prefixes(names):
            found.setdefault(prefix, dialect)
    return found


def translate_below(names: Iterable[str], dialects: dict[str, Dialect]) -> dict[str, str]:
    """New name to the old one, each by the dialect of the longest prefix that it has.

    Others stay, and so does the second of two that would get the same name: it has no place then.
    """
    translated = {}
    for name in names:
        prefix = max((prefix for prefix in dialects if name.startswith(prefix)), key=len, default=None)
        new = name if prefix is None else prefix + dialects[prefix].translate(name[len(prefix) :])
        translated[name if new in translated else new] = name
    return translated
