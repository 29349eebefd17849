"""What the heads of all tasks share: branch, loss weights, smooth classifier."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from cft.errors import ConfigError
from cft.models.pairs import MixedPairs
from cft.ops import full_precision
from cft.registry import MODELS


class ContrastiveSide:
    """Mix-in of a head or model that is trained by cross-entropy and a contrastive branch.

    Attributes:
        contrastive: The branch, or None for cross-entropy alone.
        smooth_classifier: Whether generated samples count in the cross-entropy.
        loss_weights: Weights ``loss_ce`` and ``loss_con``; stage hooks change them.
        knows_views: Whether the task knows which rows are views of one image.

    Example:
        >>> class Head(ContrastiveSide, nn.Module):
        ...     def __init__(self, contrastive):
        ...         super().__init__()
        ...         self.init_contrastive(8, contrastive, smooth_classifier=False, loss_weights=None)
        >>> head = Head(dict(type='cft.ContrastiveBranch', loss=dict(type='cft.SupConLoss')))
        >>> head.contrastive_loss(torch.randn(4, 8), torch.tensor([0, 0, 1, 1]), num_classes=2)[0].shape
        torch.Size([])
    """

    # Whether its model has keys of a momentum encoder for the branch.
    takes_keys = False
    contrastive: nn.Module | None
    smooth_classifier: bool
    loss_weights: dict[str, float]
    knows_views = False

    def init_contrastive(
        self,
        feature_channels: int,
        contrastive: dict | None,
        smooth_classifier: bool,
        loss_weights: dict[str, float] | None,
    ) -> None:
        """Build the branch; its projector is as wide as the features unless its config says otherwise."""
        self.contrastive = None
        if contrastive is not None:
            projector = contrastive.get('projector')
            if projector is not None and projector.get('in_channels') is None:
                contrastive = {**contrastive, 'projector': {**projector, 'in_channels': feature_channels}}
            self.contrastive = MODELS.build(contrastive)
            if getattr(self.contrastive, 'positives', None) == 'view' and not self.knows_views:
                raise ConfigError(
                    "positives='view' needs several views of each image, which only classification has; "
                    f"a {type(self).__name__} sees one: set positives='class', or choose another method"
                )
            if getattr(self.contrastive, 'needs_keys', False) and not self.takes_keys:
                raise ConfigError(
                    f'{type(self).__name__} cannot have the {type(self.contrastive).__name__}: its keys come from '
                    'another crop of the same image, in which pixels and regions have no counterpart; use it for '
                    'classification or domain generalisation'
                )
        if smooth_classifier and (self.contrastive is None or self.contrastive.pairs is None):
            raise ValueError('smooth_classifier=True needs contrastive=dict(..., pairs=dict(...)) to generate samples')
        self.smooth_classifier = smooth_classifier
        self.loss_weights = {'loss_ce': 1.0, 'loss_con': 1.0}
        self.set_loss_weights(loss_weights or {})

    @property
    def classifiers(self) -> list[nn.Module]:
        """Modules that only cross-entropy trains; a stage freezes them as ``'classifiers'``."""
        raise NotImplementedError

    def set_loss_weights(self, loss_weights: dict[str, float]) -> None:
        """Change some of the weights ``loss_ce`` and ``loss_con``."""
        unknown = set(loss_weights) - set(self.loss_weights)
        if unknown:
            raise ConfigError(f'unknown loss_weights {sorted(unknown)}; there are {sorted(self.loss_weights)}')
        self.loss_weights.update(loss_weights)

    @property
    def trains_contrastively(self) -> bool:
        """Whether the branch takes part at present."""
        return self.contrastive is not None and self.loss_weights['loss_con'] > 0

    @property
    def generates_samples(self) -> bool:
        """Whether generated samples count in the cross-entropy at present."""
        pairs: Any = getattr(self.contrastive, 'pairs', None)
        return self.smooth_classifier and pairs is not None and bool(pairs.enabled)

    def contrastive_loss(
        self, features: torch.Tensor, labels: torch.Tensor, num_classes: int, **inputs: object
    ) -> tuple[torch.Tensor, MixedPairs | None]:
        """``loss_con`` of (N, D) features and (N,) labels with its weight, and what the branch generated.

        ``inputs`` are those that the branch takes besides. A loss of weight 0
        is not computed; a smooth classifier gets its samples all the same:
        Core-tuning's mixup without contrast (appendix, table 7 row 3 and table
        15 row 2), where the originals count, too, as in L_ce^m.
        """
        assert self.contrastive is not None, 'there is no branch'
        if not self.trains_contrastively:
            branch: Any = self.contrastive
            mixed = branch.generate(features, labels, num_classes) if self.generates_samples else None
            return zero_through(self.contrastive, features), mixed
        loss, mixed = self.contrastive(features, labels, num_classes, **inputs)
        return self.loss_weights['loss_con'] * loss, mixed


def smooth_cross_entropy(
    cross_entropy: torch.Tensor,
    number: int | torch.Tensor,
    mixed: MixedPairs,
    classifier: Callable[[torch.Tensor], torch.Tensor],
    represented: torch.Tensor | None = None,
    frequencies: torch.Tensor | None = None,
) -> torch.Tensor:
    """Average the cross-entropy over the original and the generated samples (Core-tuning, L_ce^m).

    Where the anchors are drawn from more pixels or regions, what was generated
    for an anchor counts for all that it stands for. There the classes differ
    much in size, too, and a sample generated for a pixel of the background is
    mostly foreground: with ``frequencies`` the generated samples are weighted
    so that their soft labels come nearer to the originals' class frequencies.

    Args:
        cross_entropy: Mean over the original samples.
        number: Of original samples.
        mixed: Generated for N anchors.
        classifier: From (M, D) features to (M, num_classes) logits.
        represented: (N,) number of original samples that each anchor stands for; None: one.
        frequencies: (num_classes,) numbers of original samples; None: no weighting.

    Returns:
        Scalar.

    Example:
        >>> features, targets, mask = torch.randn(3, 8), torch.eye(3), torch.ones(3, dtype=torch.bool)
        >>> mixed = MixedPairs(features, targets, mask, features, targets, mask)
        >>> smooth_cross_entropy(torch.tensor(1.0), 3, mixed, nn.Linear(8, 3)).shape
        torch.Size([])
    """
    logits = classifier(torch.cat([mixed.positives, mixed.negatives])).float()
    targets = torch.cat([mixed.positive_targets, mixed.negative_targets]).to(logits)
    counts = torch.cat([mixed.positive_mask, mixed.negative_mask]).to(logits)
    if represented is not None:
        counts = counts * represented.to(logits).repeat(2)
    if frequencies is not None:
        counts = _with_frequencies(counts, targets, frequencies.to(logits))
    generated = (F.cross_entropy(logits, targets, reduction='none') * counts).sum()
    total = number + counts.sum()
    # Without any sample, original or generated, the mean is what the loss made of it.
    return torch.where(total > 0, (number * cross_entropy + generated) / total.clamp(min=1), cross_entropy)


@full_precision
def _with_frequencies(counts: torch.Tensor, targets: torch.Tensor, frequencies: torch.Tensor) -> torch.Tensor:
    """Counts of the same sum, higher for samples of classes that are too rare among the targets."""
    # Repeating this would come closer to the frequencies, by the weight of a few samples: it trains much worse.
    mass = counts @ targets
    weighted = counts * (targets @ torch.where(mass > 0, frequencies / mass, 0.0))
    return weighted * (counts.sum() / weighted.sum().clamp(min=1e-12))


def zero_through(module: nn.Module, like: torch.Tensor) -> torch.Tensor:
    """A zero that reaches every trainable parameter, so that DDP does not wait for a missing gradient.

    Example:
        >>> zero_through(nn.Linear(2, 2), torch.zeros(1)).item()
        0.0
    """
    zero = like.new_zeros((), dtype=torch.float32)
    return sum((0.0 * p.flatten()[0].float() for p in module.parameters() if p.requires_grad), zero)
