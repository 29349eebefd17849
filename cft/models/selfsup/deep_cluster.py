"""DeepCluster-v2: predict the cluster that an image was assigned to after the last epoch."""

from collections.abc import Sequence
from itertools import groupby

import torch
import torch.distributed as dist
from mmpretrain.models import BaseSelfSupervisor
from mmpretrain.structures import DataSample
from torch import nn

from cft.errors import ConfigError
from cft.ops import is_distributed, spherical_kmeans
from cft.registry import MODELS

from .feature_memory import FeatureMemory, latest_rows


@MODELS.register_module()
class DeepClusterV2(BaseSelfSupervisor):
    """Pre-training on the clusters of the model's own features.

    Every view of an image is to recognise the prototypes (centroids) of the
    clusters that the image was assigned to. ``cft.ClusterHook``, without which
    the model does not train, renews prototypes and assignments from the
    embeddings collected during each epoch. The heads differ in the random start
    of k-means and in the view that they cluster.

    The prototypes are buffers and not trained: the released code drops their
    gradients during the whole run.

    Source: Caron et al. 2020 (SwAV), appendix on DeepCluster-v2, and its
    released code; HEXA, equations 3 and 4, algorithm 2 without hard examples.

    Args:
        backbone: Config of the backbone.
        neck: Config of the projector; its last output is (N, feat_channels).
        head: Config of a loss with :meth:`cft.models.PrototypeLoss.head_losses`;
            default ``cft.PrototypeLoss`` at tau 0.1.
        num_prototypes: K of each of the H heads.
        feat_channels: D, width of the projector's output.
        crops_for_assign: The first so many views are clustered, head h on view
            ``h mod crops_for_assign``.
        data_preprocessor: Config; default mmpretrain's SelfSupDataPreprocessor.
        init_cfg: Initialisation config.

    Raises:
        ConfigError: If a number is not positive, the head has no losses of heads,
            or views or sample indices are missing.

    Example:
        >>> model = MODELS.build(dict(
        ...     type='cft.DeepClusterV2', backbone=dict(type='ResNet', depth=18),
        ...     neck=dict(type='MoCoV2Neck', in_channels=512, hid_channels=512, out_channels=128),
        ...     num_prototypes=[100, 100], feat_channels=128))
    """

    backbone: nn.Module
    neck: nn.Module
    assignments: torch.Tensor

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        head: dict | None = None,
        num_prototypes: tuple[int, ...] = (3000, 3000, 3000),
        feat_channels: int = 128,
        crops_for_assign: int = 2,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        head = {'type': 'cft.PrototypeLoss', 'temperature': 0.1} if head is None else head
        super().__init__(
            backbone=backbone, neck=neck, head=head, data_preprocessor=data_preprocessor, init_cfg=init_cfg
        )
        if isinstance(num_prototypes, int) or not num_prototypes or min(num_prototypes) < 1:
            raise ConfigError(f'num_prototypes must list a positive number for each head, got {num_prototypes}')
        if crops_for_assign < 1:
            raise ConfigError(f'crops_for_assign must be at least 1, got {crops_for_assign}')
        if not hasattr(self.head, 'head_losses'):
            raise ConfigError(
                f'the head of DeepCluster-v2 needs head_losses(features, labels, prototypes), and '
                f"{type(self.head).__name__} has none; take dict(type='cft.PrototypeLoss') or a subclass of it"
            )
        self.num_prototypes = tuple(num_prototypes)
        self.crops_for_assign = crops_for_assign
        for head_index, count in enumerate(self.num_prototypes):
            self.register_buffer(f'prototypes_{head_index}', torch.zeros(count, feat_channels))
        self.register_buffer('assignments', torch.empty(len(self.num_prototypes), 0, dtype=torch.long))
        self.memory = FeatureMemory(crops_for_assign, feat_channels)

    @property
    def prototypes(self) -> list[torch.Tensor]:
        """(K, D) unit rows of each head; zeros before the first clustering."""
        return [getattr(self, f'prototypes_{head}') for head in range(len(self.num_prototypes))]

    def loss(self, inputs: list[torch.Tensor], data_samples: list[DataSample]) -> dict[str, torch.Tensor]:
        """Compute the loss of a batch and remember its embeddings.

        Args:
            inputs: Views (N, C, H, W), at least ``crops_for_assign``; sizes may differ.
            data_samples: N samples with ``sample_idx``.

        Raises:
            ConfigError: If views or sample indices are missing, or nothing has been clustered yet.
        """
        views = self.checked_views(inputs)
        indices = self.clustered_indices(data_samples)
        embeddings = self.encode(views)
        self.remember(indices, embeddings)
        return {'loss': torch.stack(self.view_losses(embeddings, self.assignments[:, indices])).mean()}

    def checked_views(self, inputs: list[torch.Tensor]) -> list[torch.Tensor]:
        """The inputs, if they are views, and enough of them; else a ConfigError."""
        found = 1 if isinstance(inputs, torch.Tensor) else len(inputs)
        if isinstance(inputs, torch.Tensor) or found < self.crops_for_assign:
            raise ConfigError(
                f'expected a list of at least {self.crops_for_assign} views (crops_for_assign) of each image, got '
                f'{found}; put MultiView with as many views into the training pipeline'
            )
        return inputs

    def encode(self, views: list[torch.Tensor]) -> list[torch.Tensor]:
        """Embed each view, as SwAV's released code does.

        Consecutive views of one size pass the backbone together, and all views
        the projector, whose BatchNorm sees them as one batch. Maps of several
        sizes are averaged over their positions before.

        Args:
            views: (N, C, H, W) each.

        Returns:
            (N, D) of each view, not normalised.
        """
        groups = [list(group) for _, group in groupby(views, key=lambda view: view.shape[1:])]
        levels = zip(*(self.backbone(torch.cat(group)) for group in groups), strict=True)
        embeddings = self.neck(tuple(_joined(level) for level in levels))[-1]
        return list(embeddings.split([len(view) for view in views]))

    def labels_of(self, data_samples: list[DataSample]) -> torch.Tensor:
        """(H, N) cluster of each sample in each head, -1 for one that was not collected in the last epoch.

        Raises:
            ConfigError: If a sample has no index or one beyond those clustered.
        """
        return self.assignments[:, self.clustered_indices(data_samples)]

    def clustered_indices(self, data_samples: list[DataSample]) -> torch.Tensor:
        """(N,) column of each sample in ``assignments``, copied to their device without waiting.

        Raises:
            ConfigError: As :meth:`labels_of`.
        """
        indices = sample_indices(data_samples)
        largest = max(indices, default=-1)
        num_samples = self.assignments.shape[1]
        if num_samples == 0:
            raise ConfigError(
                "nothing has been clustered yet; add custom_hooks = [dict(type='cft.ClusterHook')] to the config"
            )
        if largest >= num_samples:
            raise ConfigError(
                f'sample_idx {largest} is not among the {num_samples} samples that were clustered; '
                'resume with the data set of the checkpoint, or start afresh with load_from and without resume'
            )
        return _on_device(indices, self.assignments.device)

    def view_losses(self, embeddings: list[torch.Tensor], labels: torch.Tensor) -> list[torch.Tensor]:
        """Loss of each view, mean over the heads.

        Args:
            embeddings: (N, D) of each view.
            labels: (H, N) integers, -1 for a sample without a cluster.

        Returns:
            One scalar for each view; 0, with zero gradients, if no sample has a cluster.
        """
        return list(self.losses_of_labels(embeddings, [labels])[0])

    def losses_of_labels(self, embeddings: list[torch.Tensor], labels: Sequence[torch.Tensor]) -> torch.Tensor:
        """(Q, V) losses as :meth:`view_losses`, for each of Q sets of labels."""
        return self.head.head_losses(torch.stack(embeddings), torch.stack(tuple(labels)), self.prototypes)

    def collect(self, data_samples: list[DataSample], embeddings: list[torch.Tensor]) -> None:
        """Remember the embeddings of the first ``crops_for_assign`` views, detached and normalised."""
        self.remember(_on_device(sample_indices(data_samples), embeddings[0].device), embeddings)

    def remember(self, indices: torch.Tensor, embeddings: list[torch.Tensor]) -> None:
        """As :meth:`collect`, of samples whose (N,) indices are on the device of the embeddings."""
        crops = [rows.detach() for rows in embeddings[: self.crops_for_assign]]
        channels = self.prototypes_0.shape[1]
        if crops[0].shape[1] != channels:
            raise ConfigError(
                f'the neck gives {crops[0].shape[1]} channels, but feat_channels is {channels}; make them equal'
            )
        self.memory.append(crops, indices)

    @torch.no_grad()
    def update_prototypes(
        self, num_samples: int, generator: torch.Generator | None = None, iterations: int = 10
    ) -> None:
        """Cluster what all ranks have collected, then forget it; every rank must call.

        A sample that was collected more than once counts once, with its last embedding.

        Args:
            num_samples: Number of samples; indices are below it.
            generator: Source of the first centroids; rank 0's counts.
            iterations: Of spherical k-means.

        Raises:
            ConfigError: If there are fewer samples than prototypes.
        """
        kept = latest_rows(self.memory.indices, num_samples)
        indices = self.memory.indices[kept]
        self._resize_assignments(num_samples)
        for head, prototypes in enumerate(self.prototypes):
            rows = self.memory.features[head % self.crops_for_assign]
            # Without repeated samples, no copy of what may be gigabytes.
            rows = rows if len(indices) == len(kept) else rows[kept]
            centroids, clusters = spherical_kmeans(rows, len(prototypes), iterations, generator=generator)
            assigned = clusters.new_full((num_samples,), -1).index_copy_(0, indices, clusters)
            if is_distributed():
                dist.all_reduce(assigned, op=dist.ReduceOp.MAX)
            prototypes.copy_(centroids)
            self.assignments[head] = assigned
        self.memory.clear()

    def _resize_assignments(self, num_samples: int) -> None:
        # In place: DistributedDataParallel keeps references to the buffers.
        self.assignments.resize_(len(self.num_prototypes), num_samples).fill_(-1)

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: object) -> None:
        saved = state_dict.get(f'{prefix}assignments')
        if saved is not None and len(saved) == len(self.assignments):
            self._resize_assignments(saved.shape[1])
        super()._load_from_state_dict(state_dict, prefix, *args)


def _joined(maps: tuple[torch.Tensor, ...]) -> torch.Tensor:
    """The features of all groups of views as one batch."""
    if len({features.shape[1:] for features in maps}) > 1:
        maps = tuple(features.mean(dim=(2, 3), keepdim=True) for features in maps)
    return torch.cat(maps)


def _on_device(indices: list[int], device: torch.device) -> torch.Tensor:
    # The host would wait for a copy of memory that may be moved meanwhile.
    on_host = torch.tensor(indices, dtype=torch.long, pin_memory=device.type == 'cuda')
    return on_host.to(device, non_blocking=True)


def sample_indices(data_samples: list[DataSample]) -> list[int]:
    """Index in the data set of each sample.

    Raises:
        ConfigError: If a sample has none.
    """
    indices = [sample.get('sample_idx') for sample in data_samples]
    if None in indices:
        raise ConfigError(
            'images come without the sample_idx by which their clusters are found; '
            "name it in the pipeline: dict(type='PackInputs', meta_keys=('sample_idx', 'img_path'))"
        )
    return indices
