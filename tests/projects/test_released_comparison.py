"""The comparison of released code: its plan, and its tables from records whose differences are known."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from cft.apis.experiments.checks import PlanChecks
from cft.experiments import Run, RunRecord
from projects.released_code import compare


@pytest.mark.slow
def test_every_run_is_another_one_and_its_config_sound() -> None:
    runs = compare.planned_runs([0], everything=True)
    facts = PlanChecks().facts(runs)
    different = {json.dumps([facts[run.name], run.seed, run.options], sort_keys=True) for run in runs}
    assert len(different) == len(runs) == 1 + sum(map(len, compare.VARIANTS.values()))


def test_every_deviation_is_alone() -> None:
    """One part is changed in each line, but where one needs another or the released code is taken as a whole."""
    for method, variants in compare.VARIANTS.items():
        own = compare.measured(method, everything=True)
        assert own == variants and not own[compare.PAPER].settings
        for key, variant in own.items():
            changed = {name for name in variant.settings if name.startswith('model.')}
            assert len(changed) <= 1 or key in ('all_anchors', 'detached'), key
            assert bool(variant.config) == (key in ('released', 'rescaled'))
    assert set(compare.measured('coin', everything=False)) == {'paper', 'divide', 'diagonal', 'released'}


def made_record(run: Run, generator: np.random.Generator) -> RunRecord:
    """Metrics of a draw; 'divide' is 2 above it in accuracy, give or take little, the rest is noise."""
    base = np.random.default_rng(run.seed).normal(90, 2)
    shift = 2 + 0.01 * run.seed if '/divide' in run.labels.get('method', '') else generator.normal()
    shift *= '/paper' not in run.labels.get('method', '')
    metrics = {'accuracy/top1': base + shift, 'retrieval/map_at_r': base - 5 + generator.normal()}
    return RunRecord(run.name, '', run.config, {}, run.seed, run.labels, {'test': metrics}, {})


def test_tables_and_numbers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """The command of the README writes them; intervals are SciPy's, and Holm counts the rows of a table."""
    command = re.search(r'^ {4}python -m (projects\.released_code\.compare.*)$', README.read_text(), re.MULTILINE)
    assert command is not None
    generator, planned = np.random.default_rng(0), []

    def made_up(runs: list[Run], *_: object) -> list[RunRecord]:
        planned.extend(runs)
        return [made_record(run, generator) for run in runs]

    monkeypatch.setattr('cft.apis.experiments.runs.run_plan', made_up)
    monkeypatch.setattr(sys, 'argv', [*command[1].split(), '--work-dir', str(tmp_path)])
    compare.main()
    numbers = json.loads((tmp_path / 'digits.json').read_text())
    assert len(planned) == 1 + len(numbers['draws']) * 10
    page = (tmp_path / 'digits.md').read_text()
    assert page.strip() in capsys.readouterr().out
    rows = {cells[0]: cells[1:] for cells in (line.strip('| ').split(' | ') for line in page.splitlines())}
    for title, method, key in (('division by N', 'coin', 'divide'), ('originals detached', 'coretuning', 'detached')):
        values = {name: np.array(found['accuracy/top1']) for name, found in numbers['values'][method].items()}
        test = stats.ttest_rel(values[key], values['paper'])
        low, high = test.confidence_interval(0.95)
        mean, half = map(float, rows[title][0].strip('*').split(' ± '))
        assert mean == pytest.approx((low + high) / 2, abs=0.006) and half == pytest.approx((high - low) / 2, abs=0.006)
        assert rows[title][0].startswith('**') == (key == 'divide')
        assert (rows[title][1] == r'\< 0.001') == (key == 'divide')


def test_committed_tables_are_those_of_the_committed_values(tmp_path: Path) -> None:
    """In results/, and in the README."""
    results = README.with_name('results')
    numbers = json.loads((results / 'digits.json').read_text())
    records = [
        RunRecord('', '', '', {}, draw, {'method': f'{method}/{key}', 'draw': draw}, {'test': dict(values)}, {})
        for method, variants in numbers['values'].items()
        for key, metrics in variants.items()
        for draw, values in zip(
            numbers['draws'],
            ([*zip(metrics, row, strict=True)] for row in zip(*metrics.values(), strict=True)),
            strict=True,
        )
    ]
    page = compare.write_results(records, False, tmp_path, numbers['command'])
    assert page == (results / 'digits.md').read_text()
    assert f'    {numbers["command"]}\n' in README.read_text()
    measured = [cell for line in page.splitlines() for cell in re.findall(r'[-+]\d+\.\d\d ± \d\.\d\d', line)]
    told = re.findall(r'[-+]\d+\.\d\d ± \d\.\d\d', README.read_text().partition('## What each')[2])
    assert told == measured and len(told) == 16


README = Path(compare.__file__).with_name('README.md')
