"""The names of cft.apis are there as if its modules had been imported."""

import subprocess
import sys
from inspect import isclass, isfunction

import pytest

import cft.apis
from cft.apis.lazy import lazy_names
from tests.support.command_line import ROOT

ONE_NAME = """
import sys
from cft.apis import find_config

print([name for name in sys.modules if name.startswith('cft.apis.') and 'configs' not in name])
"""


@pytest.mark.parametrize('name', cft.apis.__all__)
def test_each_name_is_there(name: str) -> None:
    found = getattr(cft.apis, name)
    assert (isfunction(found) or isclass(found)) and found.__name__ == name
    assert name in dir(cft.apis) and found is getattr(cft.apis, name)


def test_a_star_imports_all() -> None:
    names: dict = {}
    exec('from cft.apis import *', names)
    assert set(cft.apis.__all__) <= set(names)


def test_any_other_name_is_an_error() -> None:
    with pytest.raises(AttributeError, match="module 'cft.apis' has no attribute 'trian'"):
        _ = cft.apis.trian
    with pytest.raises(ImportError, match="cannot import name 'trian'"):
        exec('from cft.apis import trian')
    with pytest.raises(AttributeError, match="module 'cft.errors' has no attribute 'ConfigErorr'"):
        lazy_names('cft.errors')('ConfigErorr')


def test_one_name_imports_its_own_module() -> None:
    done = subprocess.run([sys.executable, '-c', ONE_NAME], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['cft.apis.lazy']"
