"""Names of a package whose modules are imported when one of the names is asked for."""

import ast
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any


def lazy_names(package: str) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package that imports its names below ``if TYPE_CHECKING:`` alone.

    So a type checker and the reader see plain imports, and a program that needs
    one of the names does not wait for the libraries that the others need.

    Args:
        package: Its name, while it is being imported.

    Example:
        >>> lazy_names('cft.apis')('find_config').__name__
        'find_config'
    """
    module = sys.modules[package]
    places = dict(_imported_for_types(Path(str(module.__file__))))

    def find(name: str) -> Any:
        if name not in places:
            raise AttributeError(f'module {package!r} has no attribute {name!r}')
        found = getattr(import_module(places[name], package), name)
        setattr(module, name, found)
        return found

    return find


def _imported_for_types(path: Path) -> Iterator[tuple[str, str]]:
    """Each name with the relative name of its module."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.If) and getattr(node.test, 'id', None) == 'TYPE_CHECKING':
            for statement in node.body:
                if isinstance(statement, ast.ImportFrom):
                    yield from ((alias.name, f'.{statement.module}') for alias in statement.names)
