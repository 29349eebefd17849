"""SL-CE: cross-entropy from a supervised checkpoint, as torchvision and timm write it, by the command of the README."""

from pathlib import Path

import pytest
import timm
import torch
import torchvision

from cft.apis import load_config, train
from cft.engine.model_access import unwrap_model
from tests.support.digits_runs import CONFIGS
from tests.test_configs import shrink

NETWORKS = {
    'torchvision': lambda: torchvision.models.resnet50(weights=None),
    'timm': lambda: timm.create_model('resnet50', pretrained=False),
}


@pytest.mark.slow
@pytest.mark.parametrize('library', NETWORKS)
def test_every_weight_of_the_backbone_is_that_of_the_file(library: str, tmp_path: Path) -> None:
    """Its classifier of 1,000 classes is left out; the learning rate is nearly 0."""
    torch.manual_seed(0)
    source = NETWORKS[library]().state_dict()
    file = tmp_path / 'resnet50-0676ba61.pth'
    torch.save(source, file)
    options = [f'checkpoint={file}', 'optim_wrapper.optimizer.lr=1e-30', 'optim_wrapper.optimizer.weight_decay=0']
    cfg = load_config(CONFIGS / 'ce' / 'r50_cifar10.py', options)
    shrink(cfg)
    cfg.work_dir, cfg.experiment_name = str(tmp_path / 'work'), f'sl_ce_{library}'
    model = unwrap_model(train(cfg).model)
    assert model.head.fc.weight.shape == (10, 2048)
    backbone = dict(model.backbone.named_parameters())
    assert set(backbone) == {name for name, _ in NETWORKS[library]().named_parameters() if not name.startswith('fc.')}
    for name, parameter in backbone.items():
        # A bias of exactly 0 does move, by the learning rate times its gradient.
        torch.testing.assert_close(parameter.detach(), source[name], rtol=0, atol=1e-25)
