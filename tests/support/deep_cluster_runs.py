"""Short runs of DeepCluster-v2 on digits: hard-wired small, deterministic, without worker processes."""

from pathlib import Path

from mmengine.config import Config

from tests.support.digits_runs import short_config

DATASET = {'type': 'cft.StratifiedSubset', 'per_class': 5}


def deep_cluster_config(
    work_dir: Path,
    epochs: int = 2,
    batch_size: int = 12,
    num_prototypes: tuple[int, ...] = (8, 6),
    subset: dict | None = DATASET,
    checkpoint: dict | None = None,
) -> Config:
    """Two strong views of digits; by default 50 images, hence batches of 12, 12, 12, 12 and 2.

    Args:
        work_dir: Of the run.
        epochs: Number of epochs.
        batch_size: Per process.
        num_prototypes: Of each head.
        subset: Wrapper of the data set; None for all 1,000 training images.
        checkpoint: Changes of the checkpoint hook.
    """
    cfg = short_config('sce', work_dir, iterations=epochs, train_dataloader__batch_size=batch_size)
    digits = cfg.train_dataloader.dataset.dataset
    pipeline = digits.pipeline[0]
    pipeline.update(num_views=[2], transforms=[pipeline.transforms[0]])
    cfg.train_dataloader.dataset = digits if subset is None else dict(subset, dataset=digits)
    cfg.model = dict(
        type='cft.DeepClusterV2',
        data_preprocessor=cfg.model.data_preprocessor,
        backbone=dict(cfg.model.backbone, norm_cfg=dict(type='BN')),
        neck=dict(
            type='NonLinearNeck',
            in_channels=64,
            hid_channels=128,
            out_channels=32,
            with_last_bn=False,
            norm_cfg=dict(type='BN1d'),
        ),
        num_prototypes=list(num_prototypes),
        feat_channels=32,
    )
    cfg.custom_hooks = [dict(type='cft.ClusterHook')]
    cfg.train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs)
    cfg.default_hooks.checkpoint.update(checkpoint or {})
    return cfg
