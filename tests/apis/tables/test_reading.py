"""Tables from their YAML files: settings over settings, and what is wrong told in a line."""

from pathlib import Path

import pytest
import yaml

from cft.apis.tables.model import Checkpoint, Recipe
from cft.apis.tables.reading import list_tables, read_table
from cft.errors import ConfigError

PAPER = dict(title='A paper', short='P', authors='A', venue='2020', url='https://example.org')
TABLE = dict(
    number='table 1',
    title='Accuracy',
    protocol='Trained, tested.',
    published_with='paper: nothing was released',
    metric=dict(name='accuracy', key='accuracy/top1'),
    config='{method}/r50_{data}',
    overrides={'epochs': 3, 'batch_size': 8},
    start='moco',
    columns=[
        dict(id='dtd', title='DTD', **{'with': dict(data='dtd')}),
        dict(id='pets', title='Pets', overrides={'epochs': 4}, **{'with': dict(data='pets')}),
        dict(id='mean', title='Avg.', average_of=['dtd', 'pets']),
    ],
    rows=[
        dict(id='ce', title='CE', values=[71.68, '89.05 ± 0.01', 80.4], **{'with': dict(method='ce')}),
        dict(id='old', title='Old', quoted='from [1]', values=['-', 88, None], unreadable='a smudge'),
        dict(
            id='tau',
            title='SCL',
            values=[72, 90, 81],
            overrides={'epochs': 5},
            changes={'model.head.contrastive.loss.temperature': '{tau}'},
            stand_in=dict(config='quickstart/{method}_digits', start='toy'),
            **{'with': dict(method='scl', tau=0.1)},
        ),
    ],
    cells={'tau': {'pets': {'overrides': {'epochs': 6}, 'released': {'config': 'ce/r50_pets'}}}},
)
STARTS = dict(
    moco=dict(title='MoCo', file='moco.pth', source='https://example.org/moco'),
    toy=dict(title='Toy', config='quickstart/sce_digits', overrides={'epochs': 1}),
)


def written(folder: Path, **changes: object) -> Path:
    (folder / 'p').mkdir()
    table = {key: value for key, value in {**TABLE, **changes}.items() if value is not None}
    for name, content in (('paper', PAPER), ('starts', STARTS), ('table_1', table)):
        (folder / 'p' / f'{name}.yaml').write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    return folder


def test_settings_over_settings(tmp_path: Path) -> None:
    """Of the table below those of the column, the row and the cell."""
    table = read_table('p/table_1', written(tmp_path))
    ce, pets = table.cell('ce', 'dtd'), table.cell('ce', 'pets')
    assert ce.recipes['paper'].config == 'ce/r50_dtd'
    assert ce.recipes['paper'].overrides == {'epochs': 3, 'batch_size': 8}
    assert ce.recipes['paper'].options == {'splits': ['test']}
    assert ce.recipes['paper'].start == Checkpoint('moco', 'MoCo', 'moco.pth', 'https://example.org/moco')
    assert pets.recipes['paper'].overrides['epochs'] == 4 and (pets.value, pets.spread) == (89.05, 0.01)
    tau = table.cell('tau', 'dtd').recipes
    temperature = {'model.head.contrastive.loss.temperature': 0.1}
    assert tau['paper'].overrides == {'epochs': 5, 'batch_size': 8, **temperature}
    assert tau['stand-in'].overrides == temperature and tau['stand-in'].config == 'quickstart/scl_digits'
    assert isinstance(tau['stand-in'].start, Recipe) and tau['stand-in'].start.overrides == {'epochs': 1}
    cell = table.cell('tau', 'pets').recipes
    assert cell['paper'].overrides['epochs'] == cell['released'].overrides['epochs'] == 6
    assert cell['released'].config == 'ce/r50_pets' and table.modes == ('paper', 'released', 'stand-in')


def test_cells_without_a_run(tmp_path: Path) -> None:
    table = read_table('p/table_1', written(tmp_path))
    assert table.cell('old', 'dtd') is None and len(table.cells) == 8
    assert table.cell('old', 'mean').quoted and table.cell('old', 'mean').unreadable == 'a smudge'
    assert table.cell('ce', 'mean').average_of == ('dtd', 'pets') and not table.cell('ce', 'mean').recipes


@pytest.mark.parametrize(
    ('changes', 'told'),
    [
        (dict(title=None), 'title'),
        (dict(rows=[dict(id='ce', title='CE', values=[1, 2])]), '2 values for 3 columns'),
        (
            dict(rows=[dict(id='ce', title='CE', config='ce/r50_dtd', values=['high', 2, 3])]),
            "'high' is neither a number",
        ),
        (dict(rows=[dict(id='ce', title='CE', values=[1, 2, 3])]), 'method'),
        (dict(rows=[dict(id='ce', title='CE', config='ce/r50_dtd', values=[None, 2, 3], quoted='[1]')]), 'unreadable'),
        (dict(rows=[dict(id='ce', title='CE', values=[1, 2, 3], quoted='[1]', not_run='no code')]), 'take one'),
        (dict(rows=[dict(id='ce', title='CE', values=[1, 2, 3], qoted='[1]')]), 'qoted'),
        (dict(config=None), 'needs a config'),
        (dict(metric=None), 'no metric'),
        (dict(start='mocco'), 'no start is called mocco; there are moco, toy'),
        (dict(cells={'scl': {}}), 'scl, which is no row'),
        (dict(cells={'ce': {'cars': {}}}), 'ce.cars'),
        (dict(baseline='scl'), 'baseline scl'),
        (dict(columns=[TABLE['columns'][0]] * 2), 'twice'),
    ],
)
def test_mistakes(changes: dict, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'table_1\.yaml') as raised:
        read_table('p/table_1', written(tmp_path, **changes))
    assert told in str(raised.value)


def test_unknown_table(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='no table p/table_2; .* p/table_1'):
        read_table('p/table_2', written(tmp_path))
    assert list_tables(tmp_path) == ['p/table_1']
