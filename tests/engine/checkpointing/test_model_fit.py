"""What of a model a checkpoint fills, and who is content with that."""

import logging
from collections import OrderedDict

import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.model import BaseTTAModel
from mmpretrain.registry import MODELS
from torch import nn

from cft.engine.checkpointing.model_fit import fill, require_backbone, require_same, require_whole
from cft.errors import ConfigError


class Classifier(nn.Module):
    """A backbone of ``depth`` layers, and a classifier."""

    def __init__(self, depth: int = 2, width: int = 3, classes: int = 2) -> None:
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(4, width), *(nn.Linear(width, width) for _ in range(depth - 1)))
        self.head = nn.Module()
        self.head.fc = nn.Linear(width, classes)


def file_of(model: nn.Module, prefix: str = '', **others: torch.Tensor) -> dict:
    return {'state_dict': OrderedDict((prefix + name, value) for name, value in model.state_dict().items()) | others}


@pytest.mark.parametrize('prefix', ['', 'module.'])
def test_a_whole_model(prefix: str) -> None:
    """Every value is the file's afterwards, and nobody objects."""
    written, model = Classifier(), Classifier()
    fit = fill(model, file_of(written, prefix), 'a.pth')
    assert (fit.missing, fit.shapes, fit.unexpected) == ([], {}, [])
    for name, value in written.state_dict().items():
        assert torch.equal(model.state_dict()[name], value), name
    for require in (require_whole, require_same, require_backbone):
        require(model, fit, 'a.pth')


def test_behind_test_time_augmentation() -> None:
    class Augmented(BaseTTAModel):
        def merge_preds(self, data_samples_list: list) -> list:
            return data_samples_list

    model = MODELS.build(
        dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=3), head=dict(type='ClsHead'))
    )
    written = MODELS.build(
        dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=3), head=dict(type='ClsHead'))
    )
    wrapped = Augmented(model)
    require_whole(wrapped, fill(wrapped, file_of(written), 'a.pth'), 'a.pth')
    assert torch.equal(next(model.parameters()), next(written.parameters()))


def test_counters_of_old_batch_norms_are_not_asked_for() -> None:
    model = nn.Sequential(nn.BatchNorm2d(3))
    content = {name: value for name, value in model.state_dict().items() if 'num_batches' not in name}
    assert fill(model, content, 'a.pth').missing == []


@pytest.mark.parametrize('content', [3, [torch.ones(1)], {'state_dict': torch.ones(1)}])
def test_no_named_tensors(content: object) -> None:
    with pytest.raises(ConfigError, match='a.pth holds a .* without named tensors'):
        fill(Classifier(), content, 'a.pth')


def test_nothing_in_common() -> None:
    with pytest.raises(
        ConfigError, match=r"a.pth holds no tensor of the model: its names are \['x'\], those of .*back"
    ):
        fill(Classifier(), {'x': torch.ones(1)}, 'a.pth')


CASES = {
    'lacking': (
        Classifier(),
        lambda c: c['state_dict'].pop('head.fc.bias'),
        'lacks 1 of its 6 tensors, first head.fc.b',
    ),
    'classes': (
        Classifier(classes=5),
        None,
        r'2 of another shape, first head.fc.weight with .*5, 3.* instead of .*2, 3',
    ),
    'wider': (Classifier(width=7), None, r'has 5 of another shape, first backbone.0.weight with .*7, 4.*'),
    'deeper': (Classifier(depth=4), None, 'holds 4 for which the model has no place, first backbone.2.weight'),
    'shallower': (Classifier(depth=1), None, 'lacks 2 of its 6 tensors, first backbone.1.weight'),
}


@pytest.mark.parametrize('case', CASES)
@pytest.mark.parametrize('require', [require_whole, require_same])
def test_another_model(case: str, require: object) -> None:
    """A deeper network fills a shallow one without a gap, and yet computes something else."""
    written, change, message = CASES[case]
    content = file_of(written)
    if change is not None:
        change(content)
    model = Classifier()
    with pytest.raises(
        ConfigError, match=rf'^a.pth (is no checkpoint of|cannot be resumed with) this model: it .*{message}'
    ):
        require(model, fill(model, content, 'a.pth'), 'a.pth')


def test_what_only_training_needs(caplog: pytest.LogCaptureFixture) -> None:
    """A projector beside the classifier has no part in a test; a run does not go on without it."""
    model = Classifier()
    fit = fill(model, file_of(Classifier(), **{'head.projector.weight': torch.ones(2, 3)}), 'a.pth')
    logger = MMLogger.get_instance('told', log_level='INFO')
    logger.addHandler(caplog.handler)
    require_whole(model, fit, 'a.pth')
    assert '1 tensor (head.projector.weight) have no place' in caplog.text
    with pytest.raises(ConfigError, match='holds 1 for which the model has no place, first head.projector.weight'):
        require_same(model, fit, 'a.pth')


@pytest.mark.parametrize('case', ['lacking', 'classes'])
def test_a_start_tells_what_begins_anew(case: str, caplog: pytest.LogCaptureFixture) -> None:
    """One line; the classifier of other classes is left as it was, and the backbone is the file's."""
    written, change, _ = CASES[case]
    content = file_of(written)
    if change is not None:
        change(content)
    model = Classifier()
    before = model.head.fc.bias.clone()
    logger = MMLogger.get_instance('told', log_level='INFO')
    logger.addHandler(caplog.handler)
    require_backbone(model, fill(model, content, 'a.pth'), 'a.pth')
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    told = 'a.pth fills the model in part: 1 tensor (head.fc.bias) begin'
    assert record.message.startswith(
        told if case == 'lacking' else told.replace('1 tensor (', '2 tensors (head.fc.weight, ')
    )
    assert torch.equal(model.head.fc.bias, before)
    assert torch.equal(model.backbone[1].weight, written.backbone[1].weight)


@pytest.mark.parametrize('case', ['wider', 'deeper', 'shallower'])
def test_no_start_from_part_of_a_backbone(case: str) -> None:
    model = Classifier()
    with pytest.raises(ConfigError, match=r"a.pth does not fit the model's backbone, see backbone\.\d"):
        require_backbone(model, fill(model, file_of(CASES[case][0]), 'a.pth'), 'a.pth')
