"""The house: which room may import which, and that a name means one thing. Read from the source, without importing."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / 'cft'

# What each room may import beside itself, at the top of a file or inside a function: nothing above it, and
# nothing that is not its business. A new room finds its place here first.
BASE = {'errors', 'files'}
ROOMS = {
    'errors': set(),
    'files': {'errors'},
    'registry': set(),
    'ops': {'errors'},
    'models': BASE | {'ops', 'registry'},
    'datasets': BASE | {'registry'},
    'evaluation': BASE | {'ops', 'registry'},
    'checkpoints': BASE | {'ops', 'registry'},
    'compat': BASE | {'checkpoints', 'datasets'},
    'engine': BASE | {'ops', 'registry', 'datasets', 'evaluation', 'checkpoints'},
    'experiments': BASE | {'ops', 'registry', 'datasets', 'evaluation', 'checkpoints', 'engine'},
    'visualization': BASE | {'evaluation', 'experiments'},
}
# They stand on all of these; ``cft`` itself tells the version.
ROOMS['apis'] = {*ROOMS, 'cft'}
ROOMS['cli'] = {*ROOMS, 'apis'}
ROOMS['cft'] = {'checkpoints', 'compat'}


def module_name(path: Path) -> str:
    parts = ('cft', *path.relative_to(ROOT).with_suffix('').parts)
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


FILES = {module_name(path): path for path in sorted(ROOT.rglob('*.py'))}


def package_of(name: str) -> str:
    """The package itself, or the one that the module lies in; what lies directly in ``cft`` stands for itself."""
    parent = name.rpartition('.')[0]
    return name if FILES[name].name == '__init__.py' or parent == 'cft' else parent


def room_of(name: str) -> str:
    return name.split('.')[1] if '.' in name else name


def origins(node: ast.AST, name: str) -> Iterator[str]:
    """Dotted names that a statement imports from, whole where it is a module of ``cft``."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ''
        if node.level:
            package = name if FILES[name].name == '__init__.py' else name.rpartition('.')[0]
            base = '.'.join([*package.split('.')[: len(package.split('.')) - node.level + 1], *base.split('.')])
        base = base.rstrip('.')
        for alias in node.names:
            yield f'{base}.{alias.name}' if f'{base}.{alias.name}' in FILES else base
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
        called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        if called == 'import_module' and node.args and isinstance(node.args[0], ast.Constant):
            yield node.args[0].value


def imports(name: str) -> set[str]:
    """Everything that a module imports, anywhere in it."""
    tree = ast.parse(FILES[name].read_text())
    return {origin for node in ast.walk(tree) for origin in origins(node, name)}


IMPORTS = {name: imports(name) for name in FILES}


def own(names: Iterable[str]) -> set[str]:
    return {name for name in names if name in FILES}


@pytest.mark.parametrize('room', sorted({room_of(name) for name in FILES}))
def test_no_room_imports_one_above_it(room: str) -> None:
    assert room in ROOMS, f'cft/{room} is new: say in ROOMS what it stands on'
    found = {
        f'{name} imports {other}'
        for name in FILES
        if room_of(name) == room
        for other in own(IMPORTS[name])
        if room_of(other) not in ROOMS[room] | {room}
    }
    assert not found


def test_the_rooms_are_in_an_order() -> None:
    """What is allowed above has no circle itself."""
    left = dict(ROOMS)
    while left:
        bottom = [room for room, below in left.items() if not below & set(left)]
        assert bottom, f'a circle among {sorted(left)}'
        for room in bottom:
            del left[room]


def test_packages_import_each_other_in_no_circle() -> None:
    below = {package_of(name): set() for name in FILES}
    for name in FILES:
        below[package_of(name)] |= {package_of(other) for other in own(IMPORTS[name])} - {package_of(name)}
    while below:
        bottom = [package for package, others in below.items() if not others & set(below)]
        assert bottom, f'a circle among {sorted(below)}'
        for package in bottom:
            del below[package]


@pytest.mark.parametrize('room', ['errors', 'files', 'ops'])
def test_the_bottom_knows_nothing_of_openmmlab(room: str) -> None:
    found = {other for name in FILES if room_of(name) == room for other in IMPORTS[name]}
    assert not {other for other in found if other.startswith('mm')}


@pytest.mark.parametrize('room', ['losses', 'pairs'])
def test_the_equations_know_no_runner_and_no_data_samples(room: str) -> None:
    found = {other for name in FILES if name.startswith(f'cft.models.{room}') for other in IMPORTS[name]}
    assert not {other for other in found if other.startswith('mm')}


def test_no_name_of_a_package_hides_a_module() -> None:
    """``cft.x.y`` is the module y, never a function that ``cft.x`` exports under this name."""
    hidden = set()
    for name, path in FILES.items():
        if path.name != '__init__.py':
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            for alias in node.names if isinstance(node, ast.ImportFrom) else ():
                bound = f'{name}.{alias.asname or alias.name}'
                # ``from . import y`` binds the module itself.
                itself = node.module is None and node.level == 1 and alias.asname is None
                if bound in FILES and not itself:
                    hidden.add(bound)
    assert not hidden
