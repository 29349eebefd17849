"""The configs of adversarial training: one attack on the config without it; the README's table is the paper's."""

import pytest

from cft.apis import load_config
from cft.apis.tables.reading import read_table
from cft.models.adversarial import PGD
from cft.registry import MODELS
from tests.support.digits_runs import CONFIGS

METHODS, DATA = ('ce', 'scl', 'coretuning'), ('caltech101', 'dtd', 'pets', 'cifar10')
TABLE = read_table('coretuning/table_5')
# By the words of the README and the first of the columns' names.
ATTACKS = {'l2 0.5': 'l2', 'linf 4/255': 'linf'}


def rows_of(attack: str) -> dict[str, list[float]]:
    columns = [column for column in TABLE.columns if column.startswith(f'{attack}_')]
    assert len(columns) == 6
    return {title: [TABLE.cell(row, column).value for column in columns] for row, title in TABLE.rows.items()}


L2 = {'model.adversarial.norm': 'l2', 'model.adversarial.epsilon': 127.5, 'model.adversarial.step': 31.875}
NAMES = [f'{method}/r50_{data}' for method in METHODS for data in DATA]
NAMES += [f'quickstart/{method}_{data}' for method in METHODS for data in ('digits', 'fashion')]


def test_there_are_those_of_the_table() -> None:
    found = {f'{path.parent.name}/{path.stem}' for path in CONFIGS.glob('*/*_adv.py')}
    assert found == {f'{name}_adv' for name in NAMES}


@pytest.mark.parametrize('name', NAMES)
def test_the_attack_is_all_that_is_added(name: str) -> None:
    plain, attacked = (load_config(CONFIGS / f'{stem}.py').to_dict() for stem in (name, f'{name}_adv'))
    attack = attacked['model'].pop('adversarial')
    del attacked['adversarial_attack']
    assert attacked == plain
    assert attack['type'] == 'cft.PGD'


@pytest.mark.parametrize(('overrides', 'published'), [({}, ('linf', 4 / 255)), (L2, ('l2', 0.5))])
def test_the_attack_is_the_published_one(overrides: dict, published: tuple[str, float]) -> None:
    attack = MODELS.build(load_config(CONFIGS / 'coretuning' / 'r50_pets_adv.py', overrides).model.adversarial)
    assert isinstance(attack, PGD)
    assert (attack.norm, attack.epsilon / 255) == published and attack.num_steps == 10
    assert attack.step == pytest.approx(2.5 * attack.epsilon / 10)


def test_the_readme_has_table_5() -> None:
    lines = (CONFIGS / 'coretuning' / 'README.md').read_text().splitlines()
    for attack, name in ATTACKS.items():
        head = next(index for index, line in enumerate(lines) if line.startswith(f'| paper: table 5, {attack} |'))
        for line, (method, values) in zip(lines[head + 2 :], rows_of(name).items(), strict=False):
            assert line == f'| {method} | {" | ".join(f"{value:.2f}" for value in values)} |'


def test_rows_are_ordered_as_the_paper_says() -> None:
    """A figure that was read wrong would break it: each row of AT is above the one before in both columns."""
    for name in ATTACKS.values():
        *_, ce, con, ours = rows_of(name).values()
        assert all(a < b < c for a, b, c in zip(ce, con, ours, strict=True))
