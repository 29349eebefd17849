"""Reports and figures of real trainings, from their folders alone."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from cft.apis import plot, report, train
from cft.apis.reporting.examples import worst_images
from cft.apis.reporting.records import read_run
from cft.apis.reporting.views import view_of
from cft.errors import ConfigError
from cft.experiments import RunRecord
from cft_cli import main
from tests.support.digits_runs import short_config
from tests.support.made_up_runs import comparison_records
from tests.support.tasks import quickstart_config
from tests.visualization.html_reading import ReadPage

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The work dir of a short COIN."""
    folder = tmp_path_factory.mktemp('runs') / 'coin <1>'
    train(short_config('coin', folder, iterations=4, train_cfg__val_interval=2))
    return folder


def test_the_record_of_a_work_dir_is_what_its_log_and_its_start_say(trained: Path) -> None:
    record = read_run(trained)
    start = json.loads((trained / 'record.json').read_text())['starts'][-1]
    assert record.curves['train']['step'] == [1, 2, 3, 4] and record.curves['val']['step'] == [2, 4]
    assert record.stages == [2]
    assert (record.seed, record.config, record.started) == (start['seed'], 'coin_digits.py', start['time'])
    lines = [json.loads(line) for path in trained.glob('*/vis_data/scalars.json') for line in path.open()]
    times = [line['time'] for line in lines if 'loss' in line]
    assert record.seconds == pytest.approx(sum(times)) and record.step_seconds == pytest.approx(np.median(times))


def test_the_report_of_a_work_dir_evaluates_it_and_shows_its_images(trained: Path) -> None:
    path = report(trained)
    assert path == trained / 'report.html'
    page = ReadPage(path.read_text(encoding='utf-8'))
    evaluation = json.loads((trained / 'evaluation_test.json').read_text())
    assert evaluation['images'] == 500 and f'{evaluation["metrics"]["accuracy/top1"]:.1f}' in page.texts
    for title in ('Result', 'What was trained on', 'Learning curves', 'Classes', 'Mistakes', 'Features'):
        assert title in page.texts
    assert ['train', '50', '10'] in page.tables[0] and ['test', '500', '10'] in page.tables[0]
    assert path.stat().st_size < 5_000_000
    # The second time nothing is evaluated.
    before = (trained / 'evaluation_test.json').stat().st_mtime_ns
    assert view_of(trained).main_metric == ('accuracy/top1', evaluation['metrics']['accuracy/top1'])
    assert (trained / 'evaluation_test.json').stat().st_mtime_ns == before


def test_pictures_are_the_images_that_were_predicted(trained: Path) -> None:
    from cft.datasets import Digits

    view = view_of(trained)
    for index in (0, 17, 499):
        stored = Digits(split='test').get_data_info(index)['img'][..., ::-1]
        np.testing.assert_array_equal(np.asarray(view.picture(index)), stored)


def test_figures_are_written_without_a_page(trained: Path, tmp_path: Path) -> None:
    files = plot(trained, tmp_path / 'figures', ['svg'])
    names = {path.stem for path in files}
    assert {'confusion', 't-sne', 'pca', 'similarities', 'class-counts'} <= names
    assert all(path.stat().st_size for path in files) and not list(tmp_path.glob('*.html'))
    with pytest.raises(ConfigError, match='figures are written as svg, png, pdf, not as gif'):
        plot(trained, formats=['gif'])


def test_a_run_whose_data_and_checkpoint_are_gone_keeps_its_curves(trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / 'kept'
    (log,) = trained.glob('*/vis_data/scalars.json')
    (folder / '2026' / 'vis_data').mkdir(parents=True)
    shutil.copy(log, folder / '2026' / 'vis_data')
    shutil.copy(trained / 'record.json', folder)
    page = ReadPage(report(folder).read_text(encoding='utf-8'))
    assert 'Learning curves' in page.texts and 'Mistakes' not in page.texts
    assert 'There is no evaluation on test' in page.text


@pytest.mark.parametrize('task', ['seg', 'det'])
def test_masks_and_boxes_are_shown_beside_the_true_ones(task: str, tmp_path: Path) -> None:
    cfg = quickstart_config('ce', task, tmp_path / 'data', tmp_path / task)
    cfg.default_hooks.checkpoint.update(interval=3)
    train(cfg)
    page = ReadPage(report(tmp_path / task).read_text(encoding='utf-8'))
    assert 'Predictions' in page.texts
    if task == 'seg':
        shown = [str(attributes['alt']) for attributes in page.of('img')]
        assert sum(text.startswith('true: ') for text in shown) == 2
        assert sum(text.startswith('predicted: ') for text in shown) == 2
    else:
        assert any(attributes.get('class') == 'true' for attributes in page.of('rect'))


def test_the_worst_images_come_first_and_none_twice(tmp_path: Path) -> None:
    lines = [{'path': f'{at}.jpg', 'miou': value} for at, value in enumerate([9.0, 1.0, None, 5.0, 2.0, 7.0, 8.0])]
    (tmp_path / 'predictions_test.jsonl').write_text('\n'.join(map(json.dumps, lines)))
    chosen = worst_images(tmp_path, 'test', 7, most=6)
    assert chosen[:2] == [1, 4] and len(set(chosen)) == 6 and max(chosen) < 7


def test_a_plan_is_compared_and_its_table_lies_beside_the_page(tmp_path: Path) -> None:
    for record in comparison_records():
        folder = tmp_path / 'plan' / 'runs' / record.name
        folder.mkdir(parents=True)
        record.write(folder)
    tuning = tmp_path / 'plan' / 'runs' / 'tuning'
    tuning.mkdir()
    RunRecord('tuning', '', 'ce/folder', labels={'method': 'ce'}, metrics={'val': {'accuracy/top1': 1.0}}).write(tuning)
    page = ReadPage(report([tmp_path / 'plan'], tmp_path / 'out' / 'page.html').read_text(encoding='utf-8'))
    assert '15 runs, test split' in page.text and any('Take SCL' in text for text in page.texts)
    assert {path.name for path in (tmp_path / 'out').iterdir()} == {'page.html', 'page.md', 'page.tex', 'page.csv'}
    assert (tmp_path / 'out' / 'page.md').read_text().startswith('| method |')


def test_the_commands_tell_their_files_and_a_mistake_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for record in comparison_records():
        folder = tmp_path / 'plan' / 'runs' / record.name
        folder.mkdir(parents=True)
        record.write(folder)
    main(['plot', str(tmp_path / 'plan'), '--formats', 'svg', '--out', str(tmp_path / 'figures')])
    told = capsys.readouterr().out.split()
    assert sorted(told) == sorted(str(path) for path in (tmp_path / 'figures').iterdir()) and len(told) > 6
    with pytest.raises(SystemExit, match='2'):
        main(['report', str(tmp_path / 'nowhere')])
    assert capsys.readouterr().err.strip().endswith('folder of a plan')


@pytest.mark.parametrize(
    ('runs', 'out', 'message'),
    [
        ('nowhere', None, 'no such folder'),
        ('.', None, 'is no work dir of a training'),
        ('.', 'page.pdf', 'should end with .html'),
        ([], None, 'there is no run to report'),
    ],
)
def test_mistakes_are_told_before_anything_is_done(
    runs: object, out: str | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=message):
        report(runs, out)
    assert not list(tmp_path.iterdir())
