"""Any network of timm as a backbone."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from mmengine.model import BaseModule
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from cft.errors import ConfigError
from cft.registry import MODELS

from .frozen_layers import freeze_stages
from .image_size import cut_to_image, explained_size, pad_to_multiple
from .layer_groups import layer_numbers, never_decayed
from .timm_network import create_network

# Their maps cannot go through a norm in timm.
WITHOUT_NORM = ('Hiera', 'HieraDet')


@MODELS.register_module()
class TimmBackbone(BaseModule):
    """A network of timm, for pooled features or for feature maps.

    **Pooled features** are what timm's own classifier would get: the class token
    or the average, as the network has it or ``global_pool`` says, with its norm.

    **Feature maps** of a hierarchical network are those of its stages; of a
    plain ViT the patch tokens behind its blocks, in the place of their patches,
    all of the patch's stride, through the network's last norm if it has one for
    tokens. :class:`cft.SimpleFeaturePyramid` makes a pyramid of the last one.

    **Image size**: position embeddings are interpolated to each batch of images,
    windows padded. Sizes that the grid does not divide are padded with zeros at
    the bottom and the right: to whole patches for pooled features (a
    convolutional network gets the images as they are, as in timm), to the
    stride of the last map for feature maps, and map i is then cut to
    ``ceil(H / strides[i])`` rows, columns likewise. Some networks (BEiT, MaxViT)
    are bound to ``img_size`` and refuse other images; for feature maps of those
    with a plain patch embedding (BEiT) smaller ones are padded to it.

    Args:
        model_name: As ``timm.list_models()`` has it.
        out_indices: None: pooled features. Otherwise the numbers of the feature maps
            in timm's ``feature_info`` of the network: stages (a ResNet's number 0 is its
            stem), blocks of a plain ViT; negative ones count from the end. What lies
            behind the last of them is left out of the network.
        frozen_stages: Stages that are not trained, in evaluation mode all the time: 0: the stem,
            n: the stem and n stages, which are blocks of a plain ViT; -1: none.
        norm_eval: Keep every BatchNorm in evaluation mode.
        with_cp: Recompute activations in the backward pass, which saves memory.
        init_cfg: ``dict(type='SSLPretrained', checkpoint=FILE)`` fills the network; nothing is ever downloaded.
        arguments: Of ``timm.create_model`` and of the network's class, such as
            ``drop_path_rate``, ``img_size``, ``global_pool``, ``in_chans``, ``output_stride``; what
            is not given has timm's default, such as a Swin's ``drop_path_rate`` of 0.1.

    Attributes:
        network: The network of timm, with timm's names of tensors.
        out_channels: Channels of each output.
        embed_dims: Those of the last one.
        strides: Of each feature map.

    Raises:
        ConfigError: If timm has no such network, or it cannot do what is asked for.

    Example:
        >>> backbone = TimmBackbone('vit_tiny_patch16_224', depth=2, out_indices=(0, 1))
        >>> [tuple(features.shape) for features in backbone(torch.randn(1, 3, 64, 40))]
        [(1, 192, 4, 3), (1, 192, 4, 3)]
    """

    network: Any

    def __init__(
        self,
        model_name: str,
        out_indices: Sequence[int] | None = None,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: dict | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(init_cfg)
        self.model_name = model_name
        self.network = create_network(model_name, maps=out_indices is not None, **arguments)
        # Its constructor has drawn the weights; MMEngine is not to draw them again.
        self.network.is_init = True
        self.out_indices = None if out_indices is None else self._keep_maps(out_indices)
        maps = [self.network.feature_info[index] for index in self.out_indices or ()]
        self.strides = tuple(each['reduction'] for each in maps)
        self.out_channels = tuple(each['num_chs'] for each in maps) or (self.network.head_hidden_size,)
        self.embed_dims = self.out_channels[-1]
        patches: Any = next((part for part in self.network.modules() if hasattr(part, 'strict_img_size')), None)
        self.patch_size = getattr(patches, 'patch_size', (1, 1))
        # Height and width that the network is bound to.
        self.fixed_size = patches.img_size if patches is not None and patches.strict_img_size else None
        self.has_norm = type(self.network).__name__ not in WITHOUT_NORM
        self.norm_eval = norm_eval
        self.frozen = freeze_stages(self.network, frozen_stages)
        if with_cp:
            self._refused('with_cp=True', self.network.set_grad_checkpointing)

    def _keep_maps(self, out_indices: Sequence[int]) -> list[int]:
        asked = f'out_indices={out_indices!r}'
        if not hasattr(self.network, 'prune_intermediate_layers'):
            raise ConfigError(f'{self.model_name} gives no feature maps in timm, only pooled features: no {asked}')
        if not isinstance(out_indices, Sequence) or not out_indices:
            raise ConfigError(f'{self.model_name}: {asked} must be the numbers of some feature maps, or None')
        kept = self._refused(asked, self.network.prune_intermediate_layers, list(out_indices))
        if kept != sorted(set(kept)):
            raise ConfigError(f'{self.model_name}: {asked} must ascend')
        return kept

    def _refused(self, asked: str, method: Callable, *arguments: Any) -> Any:
        try:
            return method(*arguments)
        except (AssertionError, AttributeError) as error:
            raise ConfigError(f'{self.model_name} refuses {asked}: {error}') from error

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Features of (N, C, H, W) images.

        Returns:
            One (N, out_channels[0]) tensor, or (N, out_channels[i], H_i, W_i) feature maps.

        Raises:
            ConfigError: If the network is bound to another image size.
        """
        with explained_size(self.model_name, images.shape[-2:], bound=self.network.pretrained_cfg['fixed_input_size']):
            if self.out_indices is None:
                return (self.network(pad_to_multiple(images, self.patch_size)),)
            return self._maps(images)

    def _maps(self, images: Tensor) -> tuple[Tensor, ...]:
        last = self.strides[-1]
        padded = pad_to_multiple(images, self.fixed_size or (last, last))
        maps = self.network.forward_intermediates(
            padded, indices=self.out_indices, norm=self.has_norm, stop_early=True, intermediates_only=True
        )
        sizes = padded.shape[-2:], images.shape[-2:]
        return tuple(cut_to_image(each, *sizes, stride) for each, stride in zip(maps, self.strides, strict=True))

    def train(self, mode: bool = True) -> 'TimmBackbone':
        """Set the mode of what is trained."""
        super().train(mode)
        for name in self.frozen:
            self.network.get_submodule(name).eval()
        for name, module in self.network.named_modules():
            if isinstance(module, _BatchNorm):
                self._refuse_lost_activation(name, module)
                if self.norm_eval:
                    module.eval()
        return self

    def _refuse_lost_activation(self, name: str, norm: _BatchNorm) -> None:
        # The conversion takes timm's norm with its activation for a plain one and leaves the activation out.
        if type(norm).__name__ == 'SyncBatchNorm' and norm._modules:
            raise ConfigError(
                f'sync_bn loses the activations of {self.model_name}, beginning with {name}: leave out sync_bn'
            )

    def get_layer_depth(self, param_name: str, prefix: str = '') -> tuple[int, int]:
        """Depth of a parameter, for layer-wise decay of the learning rate.

        Args:
            param_name: Its name in the model.
            prefix: Name of the backbone in the model, with a dot.

        Returns:
            The depth, 0 for the stem, and the number of depths; the last one is that of what follows the backbone.
        """
        numbers, last = self._layer_numbers
        return numbers.get(param_name.removeprefix(f'{prefix}network.'), last), last + 1

    @cached_property
    def _layer_numbers(self) -> tuple[dict[str, int], int]:
        return layer_numbers(self.network)

    def no_weight_decay(self) -> set[str]:
        """Names of the parameters that timm spares weight decay, beside norms and biases."""
        return {f'network.{name}' for name in never_decayed(self.network)}
