"""Segmentation and detection from a pre-training on drawn images: the plan, and the command's short form."""

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from cft.apis.experiments.checks import PlanChecks
from cft.experiments import Output, Plan, read_records
from tests.support.command_line import ROOT, shell

TOOL = ROOT / 'tools' / 'quickstart_shapes.py'


@pytest.fixture(scope='module')
def tool() -> SimpleNamespace:
    sys.path.insert(0, str(TOOL.parent))
    try:
        return SimpleNamespace(**runpy.run_path(str(TOOL)))
    finally:
        sys.path.remove(str(TOOL.parent))


@pytest.mark.parametrize('task', ['seg', 'det'])
def test_methods_share_seed_and_encoder(
    tool: SimpleNamespace, task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One pre-training; all methods but those from scratch start from it; no run is there twice."""
    monkeypatch.chdir(tmp_path)
    runs = tool.planned_runs(task, [*tool.NAMES, *tool.SCRATCH], 2, short=True)
    tuned = [run for run in runs if run.labels]
    assert len(Plan(runs)) == len(tuned) + 1 == 2 * 7 + 1
    for run in tuned:
        scratch = run.labels['method'].endswith('_scratch')
        assert run.overrides.get('checkpoint') == (None if scratch else Output('sce'))
        assert run.seed == run.labels['draw'] and run.options == {'splits': ['test']}
    facts = PlanChecks().facts(runs)
    assert len({(run.seed, str(facts[run.name])) for run in runs}) == len(runs)


@pytest.mark.slow
@pytest.mark.parametrize('task', ['seg', 'det'])
def test_short_form(task: str, tmp_path: Path) -> None:
    """From nothing to a table of three rows."""
    done = shell(
        sys.executable, TOOL, task, '--short', '--methods', 'coretuning', 'ce_scratch', '--executor', 'in-process',
        '--work-dir', tmp_path / 'work', cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    rows = [line.split('|')[0].strip() for line in done.stdout.splitlines() if ' | ' in line]
    assert rows == ['method', 'CE', 'Core-tuning', 'CE from scratch']
    assert (tmp_path / 'work' / 'table.md').read_text().count('\n') == 5
    logs = {path.parent.name.rsplit('-', 1)[0]: path.read_text() for path in tmp_path.glob('work/runs/*/run.log')}
    assert set(logs) == {'sce', 'ce-0', 'coretuning-0', 'ce_scratch-0'}
    loaded = {name for name, text in logs.items() if 'tensors loaded' in text}
    assert loaded == {'ce-0', 'coretuning-0'}
    records = {record.name: record for record in read_records(tmp_path / 'work')}
    assert records['ce-0'].overrides['checkpoint'].endswith('epoch_2.pth')
