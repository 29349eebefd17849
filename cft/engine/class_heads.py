"""The heads of a model that tell classes apart."""

from torch import nn

from cft.engine.model_access import modules_where

# Tell objects from background; label the surroundings of objects.
OTHER_CLASSES = ('rpn_head', 'semantic_head')


def num_classes_of(model: nn.Module) -> dict[str, int]:
    """Width of each head of the model by its place; of a list of heads, that of each of them.

    A head is any module whose name ends in ``head`` and that has
    ``num_classes``, whatever the task; ``rpn_head`` and ``semantic_head`` have
    classes of their own.
    """
    found = {}
    for name, module in model.named_modules():
        place = [part for part in name.split('.') if not part.isdecimal()]
        is_head = bool(place) and place[-1].endswith('head') and place[-1] not in OTHER_CLASSES
        if is_head and isinstance(getattr(module, 'num_classes', None), int):
            found[name] = module.num_classes
    return found


def classifiers_of(model: nn.Module) -> list[nn.Module]:
    """Layers that only cross-entropy trains, whatever the task: ``classifiers`` of the contrastive heads.

    Args:
        model: With or without wrappers.

    Returns:
        Empty for a model without a contrastive head.
    """
    heads = modules_where(model, lambda module: hasattr(module, 'set_loss_weights'))
    return [layer for head in heads for layer in getattr(head, 'classifiers', [])]
