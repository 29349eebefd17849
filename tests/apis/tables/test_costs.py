"""What a table costs, by closed forms: images, operations, hours, and where measured steps come from."""

import shutil
from pathlib import Path

import pytest
from torch import nn

from cft.apis import load_config
from cft.apis.tables.costs import run_costs
from cft.apis.tables.data_needs import data_needs, prepare_needs
from cft.apis.tables.lengths import training_images
from cft.apis.tables.network_size import forward_operations, parameters_of
from cft.apis.tables.reading import read_table
from cft.apis.tables.runs import plan_table
from cft.apis.tables.step_times import FILE, StepTimes, key_of, operations_of, sides_of, write_measured
from cft.datasets.preparation import make_console
from cft.errors import ConfigError

CIFAR = 'ce/r50_cifar10'


@pytest.mark.parametrize(
    ('config', 'images'),
    [
        (CIFAR, 100 * 50_000),
        ('coretuning/r50_inat18', 160 * 437_513),
        ('sce/r50_imagenet100', 200 * 126_689),
        ('hexa/r50_imagenet_1percent_finetune', 20 * 12_811),
        ('ce/beit3_b16_fc100', 100 * 36_000),
        ('ce/r50_voc_seg', 30_000 * 16),
        ('ce/r50_officehome_dg', None),
    ],
)
def test_images_of_a_training(config: str, images: int | None) -> None:
    found = training_images(load_config(config))
    assert found == images if images is not None else found > 20_000


def test_operations_of_a_residual_network() -> None:
    """Two for a multiplication and its sum; ResNet-50 is published with 4.1 billion multiplications, 23.5 M weights."""
    network = dict(type='ResNet', depth=50)
    assert forward_operations(network, 224) / 2e9 == pytest.approx(4.1, abs=0.05)
    assert forward_operations(network, 448) == pytest.approx(4 * forward_operations(network, 224), rel=1e-6)
    from torchvision.models import resnet50

    own = resnet50()
    own.fc = nn.Identity()
    assert parameters_of(network) == sum(parameter.numel() for parameter in own.parameters())


def test_views_frozen_networks_and_attacks() -> None:
    """A training image takes three forward passes for each view; a frozen network one, an attack its own beside."""
    one = operations_of(load_config(CIFAR))
    forward = one / 3
    assert operations_of(load_config('schane/r50_cifar10')) == pytest.approx(2 * one)
    assert [sides_of(load_config(f'ce/r50_{name}')) for name in ('cifar10_rotated', 'voc_seg')] == [[256], [512]]
    assert operations_of(load_config('hexa/r50_cifar10_linear')) == pytest.approx(forward)
    attacked = load_config('ce/r50_cifar10_adv')
    steps = attacked.model.adversarial.num_steps
    assert operations_of(attacked) == pytest.approx(2 * one + 2 * steps * forward)


def test_measured_steps_come_before_estimates(tmp_path: Path) -> None:
    file = tmp_path / 'step_times.yaml'
    shutil.copy(FILE, file)
    cfg, other = load_config(CIFAR), load_config('schane/r50_cifar10')
    assert not StepTimes(file).of(cfg).is_measured and 'not measured' in StepTimes(file).of(cfg).source
    write_measured(file, 'a device', {key_of(cfg): {'seconds_per_image': 0.5, 'operations': operations_of(cfg)}})
    times = StepTimes(file)
    assert times.of(cfg).seconds == 0.5 and times.of(cfg).source == 'measured on a device'
    assert times.of(other).seconds == pytest.approx(1.0) and 'estimate' in times.of(other).source
    # What another device took does not count beside it.
    write_measured(file, 'another', {key_of(other): {'seconds_per_image': 0.2, 'operations': operations_of(other)}})
    assert StepTimes(file).of(cfg).seconds == pytest.approx(0.1)
    file.write_text('device: x')
    with pytest.raises(ConfigError, match='assumed, device, measured'):
        StepTimes(file)


def test_hours_of_a_plan() -> None:
    plan = plan_table(read_table('coin/table_3'), 'paper', [0, 1])
    costs, configs = run_costs(plan, StepTimes())
    assert [cost.run.name for cost in costs] == [run.name for run in plan.runs]
    for cost in costs:
        assert cost.hours == pytest.approx(cost.images * cost.step.seconds / 3600)
    assert [need.name for need in data_needs(configs)] == ['cifar10']


def test_needs_of_every_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = (
        'ce/r50_voc_seg',
        'ce/r50_voc_det',
        'ce/r50_coco_det',
        'ce/r50_officehome_dg',
        'sce/r18_stl10',
        'ce/r50_pets',
    )
    needs = data_needs([*(load_config(name) for name in names), load_config('quickstart/ce_seg')])
    assert [need.name for need in needs] == ['VOCdevkit', 'VOCdevkit', 'coco', 'OfficeHome', 'stl10', 'pets']
    assert needs[0].command.endswith('--need voc12 trainaug') and needs[1].command.endswith('--need voc07 voc12')
    (tmp_path / 'downloads').mkdir()
    missing = prepare_needs(needs, tmp_path / 'downloads', make_console())
    assert len(missing) == len(needs) and all('http' in line for line in missing)
