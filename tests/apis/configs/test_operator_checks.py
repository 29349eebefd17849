"""check_config: functions and layers of mmcv.ops that detectors name."""

from pathlib import Path

import pytest
from mmengine.config import Config

from cft.apis import load_config
from cft.apis.configs.checks import check_config
from cft.engine.config_nodes import iterate_dicts
from cft.errors import ConfigError

CONFIGS = Path(__file__).resolve().parents[3] / 'configs'
PLACES = {
    'model.roi_head.bbox_roi_extractor.roi_layer': 'RoIAlign',
    'model.train_cfg.rpn_proposal.nms': 'nms',
    'model.test_cfg.rpn.nms': 'nms',
    'model.test_cfg.rcnn.nms': 'nms',
}


@pytest.fixture
def cfg() -> Config:
    return load_config(CONFIGS / 'quickstart' / 'ce_det.py')


def node(cfg: Config, place: str) -> dict:
    return dict(iterate_dicts(cfg._cfg_dict))[place]


def test_the_places_that_our_configs_have(cfg: Config) -> None:
    """And all of them are right."""
    found = {
        where: part['type'] for where, part in iterate_dicts(cfg._cfg_dict) if where.endswith(('.nms', '.roi_layer'))
    }
    assert found == PLACES
    check_config(cfg)


@pytest.mark.parametrize('place', PLACES)
def test_a_misspelt_operator_is_named(cfg: Config, place: str) -> None:
    """With its place and the right name."""
    node(cfg, place)['type'] = PLACES[place] + 'e'
    with pytest.raises(ConfigError) as error:
        check_config(cfg)
    right = PLACES[place]
    assert str(error.value) == f'{place}.type: mmcv has no operator {right + "e"!r}; did you mean {right!r}?'


@pytest.mark.parametrize(
    ('place', 'name'),
    [('model.test_cfg.rcnn.nms', 'soft_nms'), ('model.roi_head.bbox_roi_extractor.roi_layer', 'RoIPool')],
)
def test_other_operators_of_mmcv(cfg: Config, place: str, name: str) -> None:
    node(cfg, place)['type'] = name
    check_config(cfg)


@pytest.mark.parametrize('wrong', ['Zzyzx', '_internal', 'RandomFlip', ''])
def test_nothing_like_it(cfg: Config, wrong: str) -> None:
    """A registered component is no operator."""
    node(cfg, 'model.test_cfg.rcnn.nms')['type'] = wrong
    with pytest.raises(ConfigError, match=rf"^model\.test_cfg\.rcnn\.nms\.type: mmcv has no operator '{wrong}'"):
        check_config(cfg)


def test_an_operator_elsewhere_is_no_component(cfg: Config) -> None:
    """Only under the keys where mmdet looks for operators."""
    cfg.model.neck.type = 'nms'
    with pytest.raises(ConfigError, match=r"^model\.neck\.type: no component is registered as 'nms'"):
        check_config(cfg)
