"""Components are found by their names alone: a new task is a folder that nothing else names."""

import sys
from pathlib import Path

import pytest
from mmengine.registry import MODELS as MMENGINE_MODELS

from cft import registry
from cft.registry import LazyRegistry, registering_modules

TASK = """
from {package} import MODELS


@MODELS.register_module()
class Plain: ...


@MODELS.register_module('Renamed')
class Other: ...


@MODELS.register_module(name=['First', 'Second'], force=True)
class Third: ...


class NotRegistered: ...
"""
PACKAGE = """
from cft.registry import LazyRegistry
from mmengine.registry import MODELS as PARENT

MODELS = LazyRegistry('model', parent=PARENT, scope='{package}', locations=['{package}'])
"""
NAMES = ('Plain', 'Renamed', 'First', 'Second')


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package whose task it does not import itself."""
    name = 'package_of_a_new_task'
    (tmp_path / name / 'task').mkdir(parents=True)
    (tmp_path / name / '__init__.py').write_text(PACKAGE.format(package=name))
    (tmp_path / name / 'task' / '__init__.py').write_text('')
    (tmp_path / name / 'task' / 'model.py').write_text(TASK.format(package=name))
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    MMENGINE_MODELS.children.pop(name, None)
    for module in [module for module in sys.modules if module.startswith(name)]:
        del sys.modules[module]
    registering_modules.cache_clear()


def test_source_is_read_without_importing(package: str) -> None:
    assert registering_modules(package) == dict.fromkeys(NAMES, f'{package}.task.model')
    assert registering_modules(f'{package}.task.model') == dict.fromkeys(NAMES, f'{package}.task.model')
    assert f'{package}.task.model' not in sys.modules
    assert registering_modules('no_such_package_at_all') == {}


@pytest.mark.parametrize('name', NAMES)
def test_a_name_imports_its_module(package: str, name: str) -> None:
    """From the root, as a config of any library asks; and only when one of its names is asked for."""
    __import__(package)
    assert MMENGINE_MODELS.get(f'{package}.Unknown') is None
    assert f'{package}.task.model' not in sys.modules
    assert MMENGINE_MODELS.get(f'{package}.{name}').__module__ == f'{package}.task.model'


def test_every_name_in_the_source_is_found_in_its_registry() -> None:
    """What is read from the source of cft is what importing it registers."""
    registries = [value for value in vars(registry).values() if isinstance(value, LazyRegistry)]
    assert len(registries) >= 8
    for each in registries:
        each.import_from_location()
        registered = {name: found.__module__ for name, found in each.module_dict.items()}
        listed = {name: module for place in each._locations for name, module in registering_modules(place).items()}
        own = {name: module for name, module in registered.items() if module.startswith('cft.')}
        assert own.items() <= listed.items()
