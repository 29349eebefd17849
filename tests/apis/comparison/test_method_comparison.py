"""cft compare on a folder of drawn images: the protocol, what is left behind, and a kill in the middle."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config

from cft.apis import compare, plan_comparison
from cft.apis.comparison import method_comparison
from cft.apis.comparison import plan as planning
from cft.apis.comparison.files import summary_lines, write_results
from cft.apis.comparison.protocol import describe_costs
from cft.errors import ConfigError
from cft.evaluation import recommend, statements
from cft.experiments import RunRecord, read_records
from tests.support.detection_files import drawn_pictures, write_coco
from tests.support.domain_files import draw_domains
from tests.support.mask_folders import usual

METRIC = 'accuracy/top1'
NARROW = dict(type='ResNet', depth=18, base_channels=8, style='pytorch')


def draw_classes(root: Path, number: int = 20) -> Path:
    """Three classes by brightness, every image its own."""
    for label, name in enumerate(('bright', 'dark', 'grey')):
        (root / name).mkdir(parents=True)
        for index in range(number):
            noise = np.random.default_rng([label, index]).normal(60 * label + 40, 40, (16, 16, 3))
            assert cv2.imwrite(str(root / name / f'{index:02}.png'), noise.clip(0, 255).astype(np.uint8))
    return root


def settings(root: Path, **others: object) -> dict[str, object]:
    loaders = {f'{split}_dataloader.num_workers': 0 for split in ('train', 'val', 'test')}
    return {'data_root': str(root), 'image_size': 16, 'epochs': 1, 'model.backbone': NARROW, **loaders, **others}


def as_texts(values: dict[str, object]) -> list[str]:
    return [f'{name}={value}' for name, value in values.items()]


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_classes(tmp_path_factory.mktemp('data') / 'flowers')


@pytest.fixture(scope='module')
def done(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple:
    """Two methods, three trials each, and two draws of five labels."""
    folder = tmp_path_factory.mktemp('comparison')
    with pytest.MonkeyPatch.context() as patch:
        # Eight are the least for people.
        patch.setattr(planning, 'FEWEST_TRIALS', 3)
        plan = plan_comparison(settings(data), methods=['ce', 'scl'], seeds=2, trials=3, labels=[5])
    found = compare(plan, folder, 'in-process')
    return found, folder, plan


@pytest.mark.slow
class TestProtocol:
    def test_settings_are_chosen_by_equal_budgets_on_validation(self, done):
        found, folder, _ = done
        records = read_records(folder)
        for choice in found.choices:
            tried = [
                record
                for record in records
                if record.labels['method'] == choice.method and record.labels['phase'] == 'tune'
            ]
            scores = {record.labels['trial']: record.metrics['val'][METRIC] for record in tried}
            assert sorted(scores) == [0, 1, 2] and choice.scores == [scores[0], scores[1], scores[2]]
            assert choice.trial == min(trial for trial in scores if scores[trial] == max(scores.values()))
        ce = next(record for record in records if record.labels.get('trial') == 1 and record.labels['method'] == 'ce')
        assert 'optim_wrapper.optimizer.lr' in ce.overrides

    def test_chosen_settings_are_those_of_the_reported_runs(self, done):
        found, _, _ = done
        for choice in found.choices:
            own = [record for record in found.records if record.labels['method'] == choice.method]
            assert [record.labels['draw'] for record in own] == [0, 1]
            for record in own:
                assert {name: record.overrides[name] for name in choice.settings} == choice.settings

    def test_no_trial_has_a_test_split_and_no_test_image_is_trained_or_chosen_on(self, done, data):
        _, folder, _ = done
        files: dict[str, set[str]] = {'tune': set(), 'final': set()}
        for record in read_records(folder):
            cfg = Config.fromfile(next((folder / 'runs').glob(f'{record.name}-*/*.py')))
            if record.labels['phase'] == 'tune':
                assert cfg.get('test_dataloader') is None and set(record.metrics) == {'val'}
                files['tune'] |= images(cfg, 'train') | images(cfg, 'val')
            else:
                test = images(cfg, 'test')
                assert len(test) == 12 and not test & (images(cfg, 'train') | images(cfg, 'val'))
                files['final'] |= test
        # The same twelve in all draws; the tuning draw has seen none of them.
        assert len(files['final']) == 12 and not files['final'] & files['tune']

    def test_a_draw_is_the_same_for_every_method_and_another_one_is_not(self, done):
        found, folder, _ = done
        labelled = {}
        for record in found.records:
            cfg = Config.fromfile(next((folder / 'runs').glob(f'{record.name}-*/*.py')))
            labelled[record.labels['method'], record.labels['draw']] = images(cfg, 'train') | {str(record.seed)}
        assert labelled['ce', 0] == labelled['scl', 0] and labelled['ce', 1] == labelled['scl', 1]
        assert labelled['ce', 0] != labelled['ce', 1] and len(labelled['ce', 0]) == 3 * 5 + 1

    def test_the_table_has_the_numbers_of_the_runs(self, done):
        found, _, _ = done
        comparison = found.comparisons['5']
        for method in comparison.methods:
            values = [r.metrics['test'][METRIC] for r in found.records if r.labels['method'] == method.key]
            assert method.metrics[METRIC].values == values
            assert method.metrics[METRIC].mean == pytest.approx(np.mean(values))
        assert recommend(comparison).key is None and 'only 2 draws were run' in statements(comparison)[0]

    def test_what_is_left_behind(self, done):
        found, folder, _ = done
        files = {path.name: path.read_text() for path in write_results(found, folder, 'cft compare ...')}
        assert set(files) == {'results.json', 'table.md', 'table.tex', 'table.csv', 'report.html'}
        numbers = json.loads(files['results.json'], parse_constant=lambda name: pytest.fail(f'{name} is no JSON'))
        scl = numbers['comparisons']['5']['methods'][1]
        assert scl['metrics'][METRIC]['mean'] == pytest.approx(found.comparisons['5'].methods[1].metrics[METRIC].mean)
        assert len(numbers['runs']) == 4 and numbers['choices'][0]['scores'] == found.choices[0].scores
        assert '| CE |' in files['table.md'] and r'\toprule' in files['table.tex']
        assert 'No choice can be made' in files['report.html'] and 'cft compare' in files['report.html']
        text = '\n'.join(summary_lines(found))
        assert '15 training, 6 validation, 12 test' in text and 'by 3 trials for every row' in text


def images(cfg: Config, split: str) -> set[str]:
    from mmengine.registry import DATASETS, DefaultScope

    from cft.datasets.sample_infos import image_files

    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return set(image_files(DATASETS.build(cfg[f'{split}_dataloader'].dataset)))


def table(found) -> dict:
    return {method.key: method.metrics[METRIC].values for method in found.comparisons['all'].methods}


@pytest.mark.slow
def test_killed_and_started_again_repeats_nothing_and_gives_the_same_table(data, tmp_path):
    values = settings(data, **{'train_dataloader.batch_size': 16})
    own = ['methods=ce,scl', 'seeds=2', 'trials=0', f'work_dir={tmp_path}']
    command = ['compare', *as_texts(values), *own, '--executor', 'in-process']
    process = subprocess.Popen(
        [sys.executable, '-c', 'from cft_cli import main; main()', *command],
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300
    while len(finished := list((tmp_path / 'runs').glob('*/result.json'))) < 2:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(list((tmp_path / 'runs').glob('*/result.json'))) < 4
    stamps = {path: path.stat().st_mtime_ns for path in finished}
    plan = plan_comparison(values, methods=['ce', 'scl'], seeds=2, trials=0)
    resumed = compare(plan, tmp_path, 'in-process')
    assert len(read_records(tmp_path)) == 4
    assert {path: path.stat().st_mtime_ns for path in finished} == stamps
    assert table(resumed) == table(compare(plan, tmp_path / 'again', 'in-process'))
    # With all there, nothing is trained.
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / 'runs').glob('*/result.json')}
    assert table(compare(plan, tmp_path, 'in-process')) == table(resumed)
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps and len(stamps) == 4


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'trials': 2}, 'trials=2: give at least 8 to every method'),
        ({'seeds': 0}, 'seeds=0: give at least 1'),
        ({'labels': [50]}, r'labels=50, CE, draw 1000: .*per_class=50; ask for fewer labels'),
        ({'methods': ['ce', 'mocov2']}, 'method mocov2 has no config for classification'),
        ({'task': 'boxes'}, 'task=boxes is none of'),
        ({'baseline': 'coin'}, 'baseline=coin is none of the rows ce, scl'),
        ({'budget': 'soon'}, 'budget=soon: write a duration'),
        ({'checkpoints': ['gone.pth']}, 'no checkpoint gone.pth'),
    ],
)
def test_mistakes_show_before_any_work(data, options, message):
    with pytest.raises(ConfigError, match=message):
        plan_comparison(settings(data), **{'methods': ['ce', 'scl'], 'trials': 0, 'seeds': 1, **options})


def test_a_test_split_that_is_the_validation_split_is_refused(data):
    with pytest.raises(ConfigError, match='images are for validation and test at once'):
        plan_comparison(settings(data, test_fraction=0.0), methods=['ce'], trials=0, seeds=1)


def test_data_that_nobody_named():
    with pytest.raises(ConfigError, match='which data'):
        plan_comparison({'epochs': 1})


def test_amounts_of_labels_each_have_their_own_trials_and_draws(data):
    plan = plan_comparison(settings(data), methods=['ce', 'coin'], seeds=1, labels=[2, 4, None])
    assert plan.runs == (2 * 3 * 8, 2 * 3)
    runs = plan.design.tuning_runs()
    assert len({run.name for run in runs}) == 48 and {run.seed for run in runs} == {1000}
    subsets = {run.labels['labels']: run.overrides.get('train_dataloader.dataset', {}).get('per_class') for run in runs}
    assert subsets == {2: 2, 4: 4, 'all': None}
    # The first trial has the settings of the config; the learning rates of the second are the same for both.
    rates = {
        (run.labels['method'], run.labels['trial']): run.overrides.get('optim_wrapper.optimizer.lr') for run in runs
    }
    assert rates['ce', 0] is None and rates['ce', 1] == rates['coin', 1] is not None


def test_parts_of_the_labels_are_drawn_as_numbers_are(data):
    plan = plan_comparison(settings(data), methods=['ce'], seeds=2, trials=0, labels=[0.2, 0.5, 2, None])
    runs = plan.design.final_runs({('ce', amount, ''): {} for amount in plan.design.amounts})
    found = {run.labels['labels']: run.overrides.get('train_dataloader.dataset', {}) for run in runs}
    assert {label: (part.get('per_class'), part.get('fraction')) for label, part in found.items()} == {
        '20%': (None, 0.2),
        '50%': (None, 0.5),
        2: (2, None),
        'all': (None, None),
    }
    assert len({run.name for run in runs}) == len(runs)


def test_each_domain_is_held_out_and_is_a_pair(tmp_path):
    sizes = {domain: {'cat': 4, 'dog': 4} for domain in ('art', 'photo', 'sketch')}
    root = draw_domains(tmp_path / 'domains', sizes, side=8)
    plan = plan_comparison(domain_settings(root), methods=['ce', 'scl'], seeds=1)
    assert plan.metric == 'accuracy/average' and plan.design.domains == ['art', 'photo', 'sketch']
    tuning = plan.design.tuning_runs()
    assert plan.runs == (2 * 3 * 8, 2 * 3) and len(tuning) == 48
    assert all(run.overrides['test_domain'] == run.labels['domain'] for run in tuning)
    one = plan_comparison([*as_texts(domain_settings(root)), 'test_domain=art'], methods=['ce'], trials=0, seeds=1)
    assert one.design.domains == ['art']


def domain_settings(root: Path) -> dict[str, object]:
    values = settings(root, **{'train_cfg.max_iters': 1})
    del values['epochs']
    return values


def test_masks_are_judged_by_the_mean_iou(tmp_path):
    usual(tmp_path / 'cells', 12)
    values = {'data_root': str(tmp_path / 'cells'), 'backbone': 'resnet18'}
    plan = plan_comparison(values, methods=['ce', 'scl'], trials=0, seeds=1)
    assert plan.metric == 'mIoU' and [row.config for row in plan.design.rows] == ['ce/folder_seg', 'scl/folder_seg']
    with pytest.raises(ConfigError, match='labels=5: a number for each class needs images of one class each'):
        plan_comparison(values, methods=['ce'], trials=0, seeds=1, labels=[5])


def test_boxes_are_judged_by_the_average_precision(tmp_path):
    write_coco(tmp_path / 'chess', drawn_pictures(tmp_path / 'drawn'))
    plan = plan_comparison(
        {'data_root': str(tmp_path / 'chess'), 'backbone': 'resnet18'}, methods=['ce', 'coin'], trials=0, seeds=1
    )
    assert plan.metric == 'coco/bbox_mAP' and plan.design.rows[1].config == 'coin/folder_det'


def test_costs_are_told_before(data, tmp_path):
    plan = plan_comparison(settings(data), methods=['ce'], seeds=2, budget='1h')
    lines = describe_costs(plan, tmp_path / 'new', 'in-process')
    assert '10 runs: 8 to choose settings' in lines[-3] and lines[-1].startswith('budget 60 min: seeds are cut')
    assert not (tmp_path / 'new').exists()


def test_a_budget_is_kept_by_fewer_draws(data):
    plan = plan_comparison(settings(data), methods=['ce', 'scl'], seeds=5, budget='110s')
    first = [RunRecord(name, 'f', 'c', seconds=seconds) for name, seconds in (('ce-0', 8.0), ('scl-0', 12.0))]
    # 20 s for one run of each, two at a time: 10 s for each trial and each draw.
    design, told = method_comparison._within_budget(plan, first, width=2)
    assert (design.seeds, design.trials) == (3, 8)
    assert told.startswith('5 draws do not fit') and '3 are done, with all 8 trials of every row' in told
