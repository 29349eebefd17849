"""The runs of a table: each once, starts first, whatever the number of cells."""

from dataclasses import replace
from pathlib import Path

import pytest

from cft.apis.tables.model import Checkpoint, Recipe, Table
from cft.apis.tables.reading import read_table
from cft.apis.tables.runs import EPOCH, chosen_cells, config_of, plan_table
from cft.apis.tables.work import _of_epoch
from cft.errors import ConfigError
from cft.experiments import Output, Plan

TABLE = read_table('schane/table_1')


def with_recipes(*recipes: Recipe) -> Table:
    cells = [replace(cell, recipes={'paper': recipe}) for cell, recipe in zip(TABLE.cells, recipes, strict=False)]
    return replace(TABLE, cells=tuple(cells))


def test_cells_of_one_training_are_one_run() -> None:
    """One and five shots of four sets and two methods: eight trainings a seed."""
    plan = plan_table(TABLE, 'paper', [0, 1, 2])
    assert len(plan.of_cell) == 16 and len(plan.runs) == 24
    assert plan.of_cell['ce.fc100_1'] == plan.of_cell['ce.fc100_5'] and len(set(plan.of_cell['ce.fc100_1'])) == 3
    assert {run.overrides['checkpoint'] for run in plan.runs} == {'checkpoints/beit3_base_patch16_224.pt'}
    assert [one.name for one in plan.checkpoints] == ['beit3_base']


def test_names_are_of_what_is_done() -> None:
    """Alike in every table, and different as soon as anything is."""
    one = plan_table(TABLE, 'paper', [0], ['ce.fc100_1'])
    other = plan_table(replace(TABLE, name='another/table'), 'paper', [0, 1], ['ce'])
    assert {run.name for run in one.runs} < {run.name for run in other.runs}
    base = Recipe('ce/r50_dtd', {'epochs': 3}, {'splits': ['test']})
    others = [
        replace(base, overrides={'epochs': 4}),
        replace(base, options={'splits': ['val']}),
        replace(base, start=Checkpoint('a', '', 'a.pth', '')),
        replace(base, start=Recipe('quickstart/sce_digits')),
        replace(base, start=Recipe('quickstart/sce_digits'), epoch=2),
    ]
    names = [names[0] for names in plan_table(with_recipes(base, *others), 'paper', [0]).of_cell.values()]
    assert len(set(names)) == len(names) == 6


def test_starts_are_shared_by_seeds_unless_they_are_of_each() -> None:
    start = Recipe('quickstart/sce_digits', options={'splits': []})
    for per_seed, number in ((False, 1), (True, 3)):
        recipe = Recipe('ce/r50_dtd', start=replace(start, per_seed=per_seed))
        plan = plan_table(with_recipes(recipe, replace(recipe, overrides={'epochs': 2})), 'paper', range(3))
        assert len(plan.runs) == 6 + number
        assert Plan(plan.runs).runs[0].config == 'quickstart/sce_digits'
        tuned = [run for run in plan.runs if run.needs]
        assert all(isinstance(run.overrides['checkpoint'], Output) for run in tuned)
        assert len({run.needs for run in tuned}) == number


def test_domains_are_held_out_in_all_splits() -> None:
    recipe = Recipe('quickstart/ce_dg', {'test_domain': 'blurred'})
    (run,) = plan_table(with_recipes(recipe), 'paper', [4]).runs
    assert run.overrides['test_dataloader.dataset.test_domain'] == 'blurred'
    assert run.overrides['val_dataloader.dataset.seed'] == 4


def test_an_earlier_checkpoint(tmp_path: Path) -> None:
    recipe = Recipe('ce/r50_dtd', start=Recipe('quickstart/sce_digits'), epoch=2)
    plan = plan_table(with_recipes(recipe), 'paper', [0])
    assert plan.runs[-1].options[EPOCH] == 2
    (tmp_path / 'epoch_2.pth').write_text('')
    assert _of_epoch(tmp_path / 'epoch_4.pth', 2) == tmp_path / 'epoch_2.pth'
    with pytest.raises(ConfigError, match=r'epoch_3\.pth; set default_hooks\.checkpoint\.max_keep_ckpts'):
        _of_epoch(tmp_path / 'epoch_4.pth', 3)


def test_choice_of_cells() -> None:
    assert [cell.name for cell in chosen_cells(TABLE, ['ce.fc100_1', 'ce.fc100_1'])] == ['ce.fc100_1']
    assert len(chosen_cells(TABLE, ['ce', '*.fc100_1'])) == 8 + 6
    with pytest.raises(ConfigError, match=r'no cell cee.*prototypical, .*cifar_fs_1'):
        chosen_cells(TABLE, ['cee'])


def test_nothing_to_run() -> None:
    quoted = replace(TABLE.cells[0], recipes={}, quoted='from [1]')
    with pytest.raises(ConfigError, match=r'to be run there: from \[1\]'):
        plan_table(replace(TABLE, cells=(quoted, *TABLE.cells[1:])), 'paper', [0], [quoted.name])
    with pytest.raises(ConfigError, match='no released runs; it has paper, stand-in'):
        plan_table(TABLE, 'released', [0])
    with pytest.raises(ConfigError, match='no config ce/r50_dtdd'):
        config_of(Recipe('ce/r50_dtdd'))
