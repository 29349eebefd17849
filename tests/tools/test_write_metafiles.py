"""The metafiles and the READMEs' sections on published results are those of the tables."""

import importlib.util
from types import ModuleType

import pytest
import yaml

from cft.apis.configs.catalogue import CONFIGS
from cft.apis.tables.metafiles import BEGIN, END, metafile, with_section
from cft.apis.tables.uses import Collection, all_tables, config_uses
from cft.errors import ConfigError
from tests.support.command_line import ROOT


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / 'tools'))
    spec = importlib.util.spec_from_file_location('write_metafiles', ROOT / 'tools' / 'write_metafiles.py')
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_files_are_in_step_with_the_tables(tool: ModuleType) -> None:
    """If not, python tools/write_metafiles.py brings them there."""
    old = [path for path, text in tool.texts() if not path.is_file() or path.read_text(encoding='utf-8') != text]
    assert old == []


def test_openmmlab_reads_them() -> None:
    from modelindex.load_model_index import load

    index = load(str(CONFIGS / 'model-index.yml'))
    names = [model.name for model in index.models]
    assert len(names) == len(set(names)) > 100
    for model in index.models:
        assert (ROOT / model.config).is_file(), model.name
        assert model.results is None or not model.results.data, 'nothing has been measured here'


def test_every_config_of_a_cell_is_in_a_metafile() -> None:
    written = {
        model['Config'].removeprefix('configs/').removesuffix('.py')
        for path in CONFIGS.glob('*/metafile.yml')
        for model in yaml.safe_load(path.read_text())['Models']
    }
    assert written == {use.config for use in config_uses(all_tables())}


def test_what_was_measured_is_a_result() -> None:
    table = next(table for table in all_tables() if table.name == 'schane/table_2')
    uses = [use for use in config_uses([table]) if use.config == 'schane/beit3_b16_cub']
    read = yaml.safe_load(
        metafile(Collection('schane', 'SCHaNe'), uses, {'schane/table_2': {'schane.cub': [98.0, 99.0]}})
    )
    name = uses[0].cell.metric.name
    assert read['Models'][0].get('Results', [{}])[0].get('Metrics', {}) in ({name: 98.5}, {})
    assert 'Results' not in yaml.safe_load(metafile(Collection('schane', 'SCHaNe'), uses, {}))['Models'][0]


def test_a_section_is_replaced_and_the_rest_stays() -> None:
    text = with_section('# CE\n\nBefore.\n', 'old')
    assert with_section(text + '\nAfter.\n', 'new') == text.replace('old', 'new') + '\nAfter.\n'
    with pytest.raises(ConfigError, match='is missing'):
        with_section(text.replace(END, ''), 'new')
    assert text.count(BEGIN) == text.count(END) == 1
