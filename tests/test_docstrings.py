"""The examples of the docstrings run, and what is public has one."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import torch

import cft
from cft import registry
from cft.models import losses, pairs
from cft.models.losses import candidates
from cft.registry import LazyRegistry, registering_modules

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Finder(doctest.DocTestFinder):
    """Finds decorated functions too, whose globals are those of the decorator."""

    def _from_module(self, module: ModuleType, found: object) -> bool:
        found = found.fget if isinstance(found, property) else found
        return getattr(found, '__module__', None) == module.__name__


def modules() -> Iterator[str]:
    yield 'cft'
    yield from sorted(module.name for module in pkgutil.walk_packages(cft.__path__, 'cft.'))


def examples_in(path: Path) -> int:
    """Number of docstrings with an example, by the source alone."""
    nodes = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
    ]
    return sum('>>>' in (ast.get_docstring(node) or '') for node in nodes)


@pytest.mark.parametrize('name', list(modules()))
def test_examples_run(name: str, capsys: pytest.CaptureFixture) -> None:
    path = Path(cft.__path__[0], *name.split('.')[1:])
    path = path / '__init__.py' if path.is_dir() else path.with_suffix('.py')
    written = examples_in(path)
    if not written:
        return
    module = importlib.import_module(name)
    tests = [test for test in Finder(recurse=True).find(module, name, extraglobs={'torch': torch}) if test.examples]
    assert len(tests) == written, 'an example that is not found does not run'
    runner = doctest.DocTestRunner(verbose=False, optionflags=OPTIONS)
    for test in tests:
        torch.manual_seed(0)
        runner.run(test, out=lambda text: print(text, end=''))
    assert runner.summarize(verbose=False).failed == 0, capsys.readouterr().out


def public() -> Iterator[tuple[str, object]]:
    """Classes and functions that a package of cft names in ``__all__``, and all registered components."""
    for name in modules():
        module = importlib.import_module(name)
        for exported in getattr(module, '__all__', ()):
            found = getattr(module, exported)
            if (inspect.isclass(found) or inspect.isroutine(found)) and found.__module__.startswith('cft'):
                yield f'{found.__module__}.{found.__qualname__}', found
    for table in vars(registry).values():
        if isinstance(table, LazyRegistry):
            for location in table._locations:
                for component in registering_modules(location):
                    found = table.get(f'cft.{component}')
                    if found is not None:
                        yield f'{found.__module__}.{found.__qualname__}', found


def errors_named_by(found: object) -> set[str]:
    """Names under "Raises" in a docstring."""
    _, _, section = inspect.cleandoc(found.__doc__ or '').partition('Raises:\n')
    return set(re.findall(r'^ {4}(\w+): ', section.partition('\n\n')[0], re.MULTILINE))


ROWS, LABELS = torch.randn(4, 8), torch.tensor([0, 0, 1, 1])
QUERY_KEY_QUEUE = {
    'flat query': (ROWS[0], ROWS[0]),
    'other key': (ROWS, ROWS[:3]),
    'flat queue': (ROWS, ROWS, ROWS[0]),
    'narrow queue': (ROWS, ROWS, ROWS[:, :7]),
}
FEATURES_LABELS = {
    'flat features': (ROWS[0], LABELS),
    'fewer labels': (ROWS, LABELS[:3]),
    'soft labels': (ROWS, LABELS.float()),
}
# Calls that one clause under "Raises" is about, each.
WRONG_CALLS = {
    'info_nce_loss': QUERY_KEY_QUEUE,
    'ressl_loss': QUERY_KEY_QUEUE,
    'sce_loss': QUERY_KEY_QUEUE,
    'ceiling_loss': QUERY_KEY_QUEUE,
    'check_inputs': FEATURES_LABELS,
    'schane_loss': FEATURES_LABELS,
    'triplet_loss': FEATURES_LABELS,
    'TripletLoss': {'no margin': (0.0,), 'no such mining': (0.2, 'hardest')},
    'supcon_loss': {
        **FEATURES_LABELS,
        'narrow positives': (ROWS, LABELS, ROWS[:, :7]),
        'fewer negatives': (ROWS, LABELS, None, ROWS[:3]),
        'short mask': (ROWS, LABELS, ROWS, None, torch.ones(3, dtype=torch.bool)),
    },
    'categorical_contrastive_loss': {
        'flat query': (ROWS[0], ROWS[0], LABELS, ROWS, LABELS),
        'other key': (ROWS, ROWS[:3], LABELS, ROWS, LABELS),
        'soft labels': (ROWS, ROWS, LABELS.float(), ROWS, LABELS),
        'narrow queue': (ROWS, ROWS, LABELS, ROWS[:, :7], LABELS),
        'fewer labels of the queue': (ROWS, ROWS, LABELS, ROWS, LABELS[:3]),
        'soft labels of the queue': (ROWS, ROWS, LABELS, ROWS, LABELS.float()),
    },
    'contrastive_cross_entropy_loss': {
        'fewer labels': (ROWS, LABELS[:3], ROWS, ROWS, LABELS),
        'narrow weights': (ROWS, LABELS, ROWS[:, :7], ROWS, LABELS),
        'flat queue': (ROWS, LABELS, ROWS, ROWS[0], LABELS),
    },
    'prototype_loss': {
        'flat features': (ROWS[0], ROWS, LABELS),
        'narrow prototypes': (ROWS, ROWS[:, :7], LABELS),
        'fewer labels': (ROWS, ROWS, LABELS[:3]),
        'no such prototype': (ROWS, ROWS, LABELS + 3),
        'real labels': (ROWS, ROWS, LABELS.float()),
        'negative soft labels': (ROWS, ROWS, -torch.eye(4)),
        'infinite soft labels': (ROWS, ROWS, torch.full((4, 4), torch.inf)),
    },
    'prototype_head_losses': {
        'one view': (ROWS, LABELS[None, None], ROWS),
        'labels of another head': (ROWS[None], LABELS[None, None], ROWS, ROWS),
        'narrow prototypes': (ROWS[None], LABELS[None, None], ROWS[:, :7]),
    },
    'cutmix': {
        'beta of zero': (torch.rand(4, 3, 8, 8), 0.0),
        'one image': (torch.rand(3, 8, 8),),
        'short partner': (torch.rand(4, 3, 8, 8), 1.0, 1.0, torch.tensor([0])),
    },
    'HardPairMixup': {'alpha of zero': (0.0,), 'no such ratio': (1.0, 1.5), 'negative ratio': (1.0, 0.8, -0.1)},
    'ManifoldMixup': {'alpha of zero': (0.0,)},
    'PairGenerator': {'alpha of zero': (0.0,)},
}


def test_wrong_calls_cover_the_equations() -> None:
    exported = [getattr(package, name) for package in (losses, pairs) for name in package.__all__]
    # The parts that losses are made of take what check_inputs has let through.
    functions = [found for found in exported if inspect.isroutine(found) and found.__module__ != candidates.__name__]
    documented = {found.__name__ for found in [*functions, *filter(errors_named_by, exported)]}
    assert documented == set(WRONG_CALLS)


@pytest.mark.parametrize(('name', 'case'), [(name, case) for name, cases in WRONG_CALLS.items() for case in cases])
def test_errors_are_those_that_the_docstring_names(name: str, case: str) -> None:
    found = getattr(losses, name, None) or getattr(pairs, name)
    (named,) = errors_named_by(found)
    with pytest.raises(ValueError, match='must|expected|got') as raised:
        found(*WRONG_CALLS[name][case])
    assert type(raised.value).__name__ == named


@pytest.mark.parametrize('path', sorted(Path(cft.__path__[0]).rglob('*.py')), ids=lambda path: path.stem)
def test_no_docstring_names_the_base_of_the_error_that_its_code_raises(path: Path) -> None:
    """A ConfigError is a ValueError, but users are told of it in one line, without a traceback."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            text = ast.get_docstring(node) or ''
            raised = {
                inner.exc.func.id
                for inner in ast.walk(node)
                if isinstance(inner, ast.Raise)
                and isinstance(inner.exc, ast.Call)
                and isinstance(inner.exc.func, ast.Name)
            }
            if raised & {'ConfigError', 'ValueError'} == {'ConfigError'}:
                assert '    ValueError: ' not in text.partition('Raises:')[2], f'{node.name} raises ConfigError'


def test_everything_public_has_an_example() -> None:
    assert not {name for name, found in dict(public()).items() if '>>>' not in (found.__doc__ or '')}
