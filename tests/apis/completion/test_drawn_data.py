"""draw_missing_data: data sets that a config has drawn when they are first needed."""

import multiprocessing
from pathlib import Path

import pytest
from mmengine.config import Config

from cft.apis import build_runner, load_config
from cft.apis.completion import drawn_data
from cft.apis.completion.drawn_data import draw_missing_data
from cft.apis.configs.checks import check_config
from cft.datasets.synthetic import draw_shapes, read_record
from cft.errors import ConfigError

CONFIGS = Path(__file__).resolve().parents[3] / 'configs'
FEW = {'num_train': 3, 'num_val': 1, 'num_test': 1}


def shapes_config(root: Path | str, **arguments: object) -> Config:
    return Config({'data_root': str(root), 'drawn_data': {'type': 'shapes', **FEW, **arguments}})


def test_missing_folder_is_drawn(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    """With the arguments of the config, and one line that says so."""
    cfg = shapes_config(tmp_path / 'shapes', size=64, seed=2)
    before = cfg.to_dict()
    draw_missing_data(cfg)
    assert read_record(tmp_path / 'shapes')['arguments'] == FEW | {'size': 64, 'seed': 2}
    lines = capfd.readouterr().out.strip().splitlines()
    assert len(lines) == 1
    assert f"drew the data set 'shapes' into {tmp_path / 'shapes'}" in lines[0]
    assert cfg.to_dict() == before


def test_drawn_folder_is_used_as_it_is(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    """Without a word, and without a file touched."""
    cfg = shapes_config(tmp_path / 'shapes')
    draw_missing_data(cfg)
    capfd.readouterr()
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*')}
    draw_missing_data(cfg)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*')} == times
    assert capfd.readouterr().out == ''


@pytest.mark.parametrize(
    ('asked', 'shown'), [({'seed': 1}, "'seed': 1"), ({'num_train': 4}, "'num_train': 4"), ({'size': 64}, "'size': 64")]
)
def test_folder_drawn_otherwise_is_told(tmp_path: Path, capfd: pytest.CaptureFixture, asked: dict, shown: str) -> None:
    """Its images are used, but the numbers would not be those of the config."""
    draw_shapes(tmp_path / 'shapes', **FEW)
    draw_missing_data(shapes_config(tmp_path / 'shapes', **asked))
    warning = capfd.readouterr().out
    assert 'WARNING' in warning and str(tmp_path / 'shapes') in warning and shown in warning
    assert read_record(tmp_path / 'shapes')['arguments'] == FEW | {'size': 128, 'seed': 0}


@pytest.mark.parametrize('content', [{}, {'cat.jpg': 'mine'}, {'drawn.json': '[]'}])
def test_a_users_folder_is_left_alone(tmp_path: Path, capfd: pytest.CaptureFixture, content: dict[str, str]) -> None:
    """Even an empty one."""
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    draw_missing_data(shapes_config(tmp_path))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == content
    assert capfd.readouterr().out == ''


@pytest.mark.parametrize('cfg', [{}, {'drawn_data': None}, {'data_root': 'no/such/folder'}])
def test_other_configs_are_left_alone(cfg: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    draw_missing_data(Config(cfg))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ('drawn', 'message'),
    [
        ({'type': 'shaps'}, r"^drawn_data.type must be one of \['digit_domains', 'shapes'\], got 'shaps'$"),
        ({'seed': 1}, r'^drawn_data.type must be one of .* got None$'),
        ('shapes', r"^drawn_data must be a dict such as dict\(type='shapes'\), got 'shapes'$"),
        ({'type': 'shapes', 'num_trian': 3}, r"^drawn_data.num_trian: .*did you mean 'num_train'\?$"),
        (
            {'type': 'digit_domains', 'size': 3},
            r"^drawn_data.size: 'digit_domains' has no such argument; there are seed$",
        ),
        ({'type': 'shapes', 'root': 'x'}, '^drawn_data.root: .*there are num_train, num_val, num_test, size, seed$'),
        ({'type': 'shapes', 'on_image': 1}, '^drawn_data.on_image: '),
        ({'type': 'shapes', 'num_train': 0}, '^num_train must be an integer of at least 1, got 0$'),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, drawn: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        draw_missing_data(Config({'data_root': str(tmp_path / 'new'), 'drawn_data': drawn}))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('root', [{}, {'data_root': None}, {'data_root': ''}])
def test_missing_data_root_is_named(root: dict) -> None:
    with pytest.raises(ConfigError, match='drawn_data needs data_root'):
        draw_missing_data(Config(root | {'drawn_data': {'type': 'shapes'}}))


def test_unwritable_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('')
    with pytest.raises(ConfigError, match='cannot draw into .*file/shapes.*choose another folder'):
        draw_missing_data(shapes_config(tmp_path / 'file' / 'shapes'))


@pytest.mark.parametrize(('local_rank', 'draws'), [('0', True), ('1', False)])
def test_one_process_of_a_machine_with_its_own_disk(tmp_path: Path, monkeypatch, local_rank: str, draws: bool) -> None:
    """The main process has drawn elsewhere, which this machine does not see."""
    monkeypatch.setattr(drawn_data, 'is_main_process', lambda: False)
    monkeypatch.setenv('LOCAL_RANK', local_rank)
    draw_missing_data(shapes_config(tmp_path / 'shapes'))
    assert (tmp_path / 'shapes').exists() == draws


@pytest.mark.parametrize(
    ('settings', 'expected'),
    [
        ({'launcher': 'none'}, []),
        ({'launcher': 'slurm'}, [('slurm', {})]),
        ({'launcher': 'pytorch', 'env_cfg': {'dist_cfg': {'timeout': 9}}}, [('pytorch', {'timeout': 9})]),
    ],
)
def test_group_of_a_job_on_gpus(tmp_path: Path, monkeypatch, settings: dict, expected: list) -> None:
    """It is entered as the runner would: with the launcher and the options of the config."""
    draw_shapes(tmp_path / 'shapes', **FEW)
    entered: list[tuple] = []
    monkeypatch.setattr('torch.cuda.is_available', lambda: True)
    monkeypatch.setattr(drawn_data, 'join_job', lambda cfg: None)
    monkeypatch.setattr(drawn_data, 'init_dist', lambda launcher, **options: entered.append((launcher, options)))
    cfg = shapes_config(tmp_path / 'shapes')
    cfg.merge_from_dict(settings)
    draw_missing_data(cfg)
    assert entered == expected


def test_jobs_that_start_together(tmp_path: Path) -> None:
    """Four processes find no folder; each goes on with a complete one, and no copy is left over."""
    context = multiprocessing.get_context('fork')
    ready = context.Barrier(4)

    def job() -> None:
        ready.wait(30)
        draw_missing_data(shapes_config(tmp_path / 'shapes'))
        assert read_record(tmp_path / 'shapes') is not None

    jobs = [context.Process(target=job) for _ in range(4)]
    for process in jobs:
        process.start()
    for process in jobs:
        process.join(60)
    assert [process.exitcode for process in jobs] == [0] * 4
    assert [path.name for path in tmp_path.iterdir()] == ['shapes']


def test_build_runner_draws_before_it_reads(tmp_path: Path) -> None:
    """An image folder of one domain gets its classes from the drawing, at the place of the user's choice."""
    path = tmp_path / 'domain.py'
    path.write_text(
        f"_base_ = ['{CONFIGS}/ce/r50_folder.py']\n"
        "data_root = 'data/digit_domains'\n"
        "drawn_data = dict(type='digit_domains')\n"
        'train_dataloader = val_dataloader = test_dataloader = dict(dataset=dict(data_root=data_root))\n'
        'model = dict(backbone=dict(depth=18), neck=dict(type="GlobalAveragePooling"), head=dict(in_channels=512))\n'
    )
    cfg = load_config(path, {'data_root': str(tmp_path / 'digits'), 'drawn_data.seed': 3})
    cfg.train_dataloader.dataset.data_root = str(tmp_path / 'digits' / 'edges')
    cfg.work_dir = str(tmp_path / 'work')
    runner = build_runner(cfg)
    assert read_record(tmp_path / 'digits')['arguments'] == {'seed': 3}
    assert runner.model.head.num_classes == 10
    assert Config.fromfile(tmp_path / 'work' / 'domain.py').drawn_data == {'type': 'digit_domains', 'seed': 3}


def test_nothing_is_drawn_for_a_misspelt_config(tmp_path: Path) -> None:
    cfg = load_config(CONFIGS / 'quickstart' / 'ce_digits.py', {'optim_wrapper.optimizer.type': 'SDG'})
    cfg.merge_from_dict(shapes_config(tmp_path / 'shapes').to_dict())
    with pytest.raises(ConfigError, match="did you mean 'SGD'"):
        build_runner(cfg)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('scope', ['mmpretrain', 'mmseg', 'mmdet'])
def test_checks_know_the_types(scope: str) -> None:
    """In the configs of every library; a misspelt one is told before anything else is done."""
    check_config(Config({'default_scope': scope, 'drawn_data': {'type': 'shapes'}}))
    check_config(Config({'default_scope': scope, 'drawn_data': {'type': 'digit_domains'}}))
    with pytest.raises(ConfigError, match="^drawn_data.type: .*'digit_domain'; did you mean 'digit_domains'"):
        check_config(Config({'default_scope': scope, 'drawn_data': {'type': 'digit_domain'}}))
