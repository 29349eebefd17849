"""Configs of segmentation, detection and domain generalisation on a few drawn images."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dist import all_gather

from cft.apis import load_config, train
from cft.datasets.synthetic import SHAPES, draw_shapes
from cft.engine.config_nodes import iterate_dicts
from cft.engine.model_access import modules_where, unwrap_model
from cft.errors import ConfigError
from tests.support.digits_runs import CONFIGS
from tests.support.short_schedules import fit_schedule

# The last one is a project's: nothing of cft knows it. Its configs are found by their names.
METHODS = (
    'ce', 'scl', 'coretuning', 'coin', 'schane', 'triplet', 'mm', 'ce_simclr', 'rifle', 'noisytune', 'bituning',
    'l2sp', 'delta', 'bss', 'sincere',
)  # fmt: skip
# Those whose loss besides cross-entropy is no contrastive one, and those that have none.
LOSSES = {'l2sp': 'loss_l2sp', 'delta': 'loss_delta', 'bss': 'loss_bss'}
WITHOUT_LOSS = ('ce', 'rifle')
TASKS = ('cls', 'seg', 'det', 'dg')
# Where a method has no meaning, its head is refused with these words.
REFUSED = {
    (method, task): words
    for task in ('seg', 'det')
    for method, words in {
        'ce_simclr': "positives='view' needs several views of each image",
        'bituning': 'its keys come from another crop of the same image, in which pixels and regions',
    }.items()
}


def draw_few_shapes(root: Path) -> Path:
    """Eight training images of 64 pixels, one of them without an object."""
    if not root.exists():
        draw_shapes(root, num_train=8, num_val=2, num_test=2, size=64)
    return root


def shrink_to_shapes(cfg: Config, root: Path) -> None:
    """Let an R50 config of VOC or COCO train one step on the shapes, in small images."""
    draw_few_shapes(root)
    dataset = cfg.train_dataloader.dataset
    if dataset.type == 'ConcatDataset':
        dataset = dataset.datasets[0]
    dataset.data_root = str(root)
    if dataset.type == 'cft.VOCSegmentation':
        dataset.update(ann_file='ImageSets/Segmentation/train.txt')
        dataset.data_prefix.seg_map_path = 'SegmentationClass'
        cfg.model.data_preprocessor.size = (64, 64)
    else:
        dataset.metainfo = dict(classes=SHAPES)
        coco = dataset.type == 'cft.CocoDetection'
        dataset.ann_file = 'annotations/instances_train.json' if coco else 'ImageSets/Main/train.txt'
        dataset.data_prefix = dict(img='JPEGImages') if coco else dict(sub_data_root='')
        for head in (cfg.model.roi_head.bbox_head, cfg.model.roi_head.get('mask_head', {})):
            head.update(num_classes=len(SHAPES))
        cfg.model.train_cfg.rcnn.sampler.num = 16
        cfg.model.train_cfg.rpn_proposal.max_per_img = 20
    for _, step in iterate_dicts(dataset.pipeline):
        if step.type in ('RandomResize', 'RandomChoiceResize'):
            step.pop('ratio_range', None)
            step.update({'scale': (64, 64)} if 'scale' in step else {'scales': [(64, 64), (80, 80)]})
            step.type = 'Resize' if 'scale' in step else step.type
        if step.type == 'RandomCrop':
            step.crop_size = (64, 64)
    cfg.train_dataloader.dataset = dataset
    cfg.train_dataloader.update(batch_size=4, num_workers=0, persistent_workers=False)
    cfg.train_cfg = dict(type='cft.ResumableIterLoop', max_iters=1, val_interval=10)
    cfg.train_dataloader.sampler = dict(type='InfiniteSampler', shuffle=True)
    cfg.param_scheduler = None
    cfg.default_hooks.checkpoint = dict(type='cft.AtomicCheckpointHook', by_epoch=False, interval=10, save_last=False)


def quickstart_config(method: str, task: str, data: Path, work_dir: Path, launcher: str = 'none') -> Config:
    """Three training steps of a quickstart config, without validation; its data are drawn below ``data``."""
    if (method, task) in REFUSED:
        return refused_config(method, task, data, work_dir, launcher)
    stem = f'{method}_{"digits" if task == "cls" else task}'
    # A project may vary a method of cft under its name.
    own = [*CONFIGS.glob(f'quickstart/{stem}.py')]
    (path,) = own or CONFIGS.parent.glob(f'projects/*/configs/{stem}.py')
    cfg = load_config(path)
    if task != 'cls':
        folder = str(data / cfg.drawn_data.type)
        for _, node in iterate_dicts(cfg._cfg_dict):
            if 'data_root' in node:
                node['data_root'] = folder
    if task in ('seg', 'det'):
        cfg.drawn_data = dict(type='shapes', num_train=8, num_val=2, num_test=2, size=64)
        cfg.model.data_preprocessor.update({'size': (64, 64)} if task == 'seg' else {})
        for step in cfg.train_dataloader.dataset.pipeline:
            step.update({'crop_size': (64, 64)} if step.type == 'RandomCrop' else {})
    cfg.train_dataloader.update(num_workers=0, persistent_workers=False)
    cfg.train_cfg = dict(type='cft.ResumableIterLoop', max_iters=3, val_interval=10)
    for hook in cfg.get('custom_hooks', ()):
        if 'stages' in hook:
            # Each of two stages has a step.
            hook.stages[0].fraction = max(hook.stages[0].fraction, 0.4)
    fit_schedule(cfg)
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    cfg.default_hooks.checkpoint = dict(type='cft.AtomicCheckpointHook', by_epoch=False, interval=10, save_last=False)
    cfg.launcher = launcher
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = f'{stem}_{launcher}'
    return cfg


def refused_config(method: str, task: str, data: Path, work_dir: Path, launcher: str) -> Config:
    """Cross-entropy's config of the task with the method's head in it, as somebody would write it."""
    cfg = quickstart_config('ce', task, data, work_dir, launcher)
    method_head = Config.fromfile(CONFIGS / '_base_' / 'methods' / f'{method}.py').method_head
    (cfg.model.roi_head if task == 'det' else cfg.model).update(method_head)
    return cfg


def check_cell(method: str, task: str, data: Path, work_dir: Path, launcher: str = 'none') -> None:
    """Train, then look at losses, weights and the gradient of the method's term in the backbone; or be refused."""
    cfg = quickstart_config(method, task, data, work_dir, launcher)
    if (method, task) in REFUSED:
        with pytest.raises(ConfigError, match=REFUSED[method, task]):
            train(cfg)
        return
    runner = train(cfg)
    assert runner.iter == 3
    for name, history in runner.message_hub.log_scalars.items():
        if 'loss' in name:
            assert np.isfinite(history.data[0]).all() and len(history.data[0]) == 3, name
    model = unwrap_model(runner.model)
    assert all(torch.isfinite(p).all() for p in model.parameters())
    assert_equal_on_all_ranks(model)
    model.train()
    for head in modules_where(model, lambda module: hasattr(module, 'set_loss_weights')):
        # The last stage may have switched it off.
        head.set_loss_weights({'loss_con': 1.0} if method == 'mm' else {})
    batch = model.data_preprocessor(next(iter(runner.train_dataloader)), True)
    losses = model(batch['inputs'], batch['data_samples'], mode='loss')
    key = LOSSES.get(method, 'loss_con')
    contrastive = [loss for name, loss in losses.items() if name.endswith(key)]
    assert len(contrastive) == (method not in WITHOUT_LOSS)
    first = next(model.backbone.parameters())
    for loss in contrastive:
        gradient = torch.autograd.grad(loss, first)[0]
        assert torch.isfinite(gradient).all() and gradient.abs().max() > 0


def assert_equal_on_all_ranks(model: torch.nn.Module) -> None:
    """What a hook or an average has changed, too."""
    own = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
    assert all(torch.equal(own, other) for other in all_gather(own))
