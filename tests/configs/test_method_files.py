"""Every method has a config for every data set, which is its template with another data set and the published settings.

The template of a method is its ``r50_cifar10.py``. To add a method or a data set, see configs/ce/README.md.
"""

from pathlib import Path

import pytest

from tests.support.data_set_configs import BEIT, BEIT3, METHODS, NETWORKS, R50
from tests.support.digits_runs import CONFIGS

# What SCHaNe's table 3 compares.
WITH_BEIT = ('ce_simclr', 'schane', 'scl')
# What its table 2 compares.
WITH_BEIT3 = ('schane',)


def from_template(method: str, name: str) -> str:
    template = (CONFIGS / method / 'r50_cifar10.py').read_text()
    assert template.count('../ce/r50_cifar10.py') == 1, 'a template names its data set once, by the config of ce'
    return template.replace('../ce/r50_cifar10.py', f'../ce/{name}.py')


def test_there_are_all_data_sets() -> None:
    assert len(R50) == 20 and len(BEIT) == 8
    assert {name.removeprefix('beit_b16_') for name in BEIT} < {name.removeprefix('r50_') for name in R50}


@pytest.mark.parametrize('method', METHODS)
def test_files_are_the_template(method: str) -> None:
    for name in R50 + (BEIT if method in WITH_BEIT else []) + (BEIT3 if method in WITH_BEIT3 else []):
        file, expected = CONFIGS / method / f'{name}.py', from_template(method, name)
        remedy = f'sed s,ce/r50_cifar10,ce/{name}, configs/{method}/r50_cifar10.py > configs/{method}/{name}.py'
        assert file.is_file(), f'{method} has no config for {name}; {remedy}'
        rest = file.read_text().removeprefix(expected)
        assert file.read_text().startswith(expected), f'{file} is not the template of {method}; {remedy}'
        # The settings that a paper gives for this data set: test_published.py knows their values.
        lines = rest.splitlines()
        assert not lines or (lines[0].startswith('# Table ') and len(lines) > 1), file
        assert all(line.startswith("model['head']['contrastive']") for line in lines[1:]), file


@pytest.mark.parametrize('name', R50)
def test_cross_entropy_composes_model_data_and_schedule(name: str) -> None:
    """And says of itself only what the three cannot know: classes, the batch of the learning rate, the red channel."""
    data = name.removeprefix('r50_')
    text = (CONFIGS / 'ce' / f'{name}.py').read_text()
    bases = [Path(line.strip(" ',")) for line in text.splitlines() if line.strip().startswith("'../_base_/")]
    assert [base.parent.name for base in bases] == ['models', 'datasets', 'schedules', '_base_']
    assert (bases[0].stem, bases[1].stem) == ('r50_cls', data)
    own = text.partition(']\n')[2]
    settings = [line for line in own.splitlines() if line and not line.startswith('#')]
    assert [line.split(' = ')[0] for line in settings] in (['model'], ['model', 'auto_scale_lr'])


@pytest.mark.parametrize('network', ['beit3_b16', 'vit_b16_50e'])
@pytest.mark.parametrize('name', BEIT)
def test_networks_of_schane_differ_in_the_model(network: str, name: str) -> None:
    """Data, augmentation and schedule of the paper's table 2 are those of all its rows."""
    ours, beit = (CONFIGS / 'ce' / f'{stem}.py' for stem in (name.replace('beit_b16', network), name))
    settings = [path.read_text().partition('\n')[2] for path in (ours, beit)]
    assert settings[0] == settings[1].replace(NETWORKS['beit_b16'], NETWORKS[network])
