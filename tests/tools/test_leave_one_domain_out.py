"""The table by its real command: in one process, again, in two processes, and with mistakes."""

import json
import sys
from pathlib import Path

import pytest

from tests.support.command_line import ROOT, call_tool, shell
from tests.support.domain_runs import CE, CORE_TUNING, DOMAINS, as_options, draw, settings, short_pretraining

pytestmark = pytest.mark.slow

TOOL = ROOT / 'tools' / 'leave_one_domain_out.py'


@pytest.fixture(scope='module')
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(tmp_path_factory.mktemp('data') / 'domains')


def test_two_configs(root: Path, tmp_path: Path) -> None:
    """Eight runs; the table holds their results; the same command trains nothing and says the same."""
    options = ['--work-dir', tmp_path / 'work', '--cfg-options', *as_options(settings(root, iterations=2))]
    command = [sys.executable, TOOL, CE, CORE_TUNING, *options]
    done = shell(*command, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-4000:]
    results = json.loads((tmp_path / 'work' / 'results.json').read_text())
    methods = ('quickstart/ce_dg', 'quickstart/coretuning_dg')
    expected = [(method, domain) for method in methods for domain in DOMAINS]
    assert [(result['method'], result['test_domain']) for result in results] == expected
    assert {result['processes'] for result in results} == {1}
    table = (tmp_path / 'work' / 'table.md').read_text().strip()
    assert table in done.stdout
    header, _, *rows = ([cell.strip() for cell in line.strip('|').split('|')] for line in table.splitlines())
    assert header == ['method', *DOMAINS, 'Avg.']
    for method, row in zip(methods, rows, strict=True):
        values = [result['test'] for result in results if result['method'] == method]
        assert row == [method, *(f'{value:.2f}' for value in values), f'{sum(values) / 4:.2f}']
    for method, domain in expected:
        assert f'] {method.replace("/", "-")}-{domain}-0: val accuracy/average ' in done.stdout
    assert 'Iter(train)' not in done.stdout
    logs = sorted((tmp_path / 'work').glob('runs/*/run.log'))
    assert [log.read_text().count('Iter(train) [2/2]') for log in logs] == [1] * 8

    again = shell(*command, cwd=tmp_path)
    assert again.returncode == 0, again.stderr[-4000:]
    assert table in again.stdout and '[0/8]' not in again.stdout
    assert [log.read_text().count('Iter(train) [2/2]') for log in logs] == [1] * 8


def test_two_processes(root: Path, tmp_path: Path) -> None:
    """One table from both, and a result that both have computed together, pre-training included."""
    values = settings(root, iterations=2)
    for split in ('train', 'val', 'test'):
        values[f'{split}_dataloader.dataset.domains'] = '[art,photo]'
    done = shell(
        'bash', ROOT / 'tools/dist_leave_one_domain_out.sh', 2, CE, '--work-dir', tmp_path / 'work',
        '--pretraining', short_pretraining(tmp_path / 'sce.py'), '--cfg-options', *as_options(values), cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    results = json.loads((tmp_path / 'work' / 'results.json').read_text())
    assert [(result['test_domain'], result['processes']) for result in results] == [('art', 2), ('photo', 2)]
    assert done.stdout.count('| quickstart/ce_dg |') == 1
    assert len(list((tmp_path / 'work').glob('runs/*/run_rank1.log'))) == 4
    logs = {path.parent.name.rsplit('-', 1)[0]: path.read_text() for path in tmp_path.glob('work/runs/*/run.log')}
    assert [name for name, text in logs.items() if 'tensors loaded' in text and 'epoch_1.pth' in text] == [
        name for name in logs if name.startswith('quickstart-ce_dg')
    ]


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['nowhere.py'], 'no config nowhere.py'),
        ([ROOT / 'configs/quickstart/ce_digits.py'], 'cft.DomainFolder'),
        ([CE, '--seeds', '1', '1'], '--seeds must be different'),
        ([CE, '--cfg-options', 'drawn_data=None', 'data_root=nowhere'], 'no folder nowhere'),
        ([CE, '--cfg-options', 'test_dataloader.dataset.test_domain=edges'], 'each domain is held out in turn'),
    ],
)
def test_mistakes(
    arguments: list, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    arguments = [*arguments[:1], '--work-dir', tmp_path, *arguments[1:]]
    assert call_tool(monkeypatch, 'leave_one_domain_out', *arguments) == 2
    errors = capfd.readouterr().err
    assert message in next(line for line in errors.splitlines() if line.startswith('error: '))
    assert 'Traceback' not in errors


def test_work_dir_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    (tmp_path / 'file').touch()
    assert call_tool(monkeypatch, 'leave_one_domain_out', CE, '--work-dir', tmp_path / 'file') == 2
    assert 'is a file; give another folder' in capfd.readouterr().err


def test_help_and_usage() -> None:
    assert 'hold out each domain in turn' in shell(sys.executable, TOOL, '--help').stdout
    done = shell('bash', ROOT / 'tools/dist_leave_one_domain_out.sh', 2)
    assert done.returncode == 2 and done.stderr.startswith('usage: ')
