"""The weights that are evaluated: a whole trained model, or those of a backbone that a training would start from."""

from mmengine.logging import print_log
from mmengine.runner import Runner

from cft.apis.running.runner import initialise
from cft.checkpoints import read_checkpoint
from cft.engine.checkpointing import classes_of, fill, require_whole
from cft.engine.class_heads import num_classes_of
from cft.engine.model_access import unwrap_model
from cft.errors import ConfigError

SHOWN = 5


def load_weights(runner: Runner, checkpoint: str) -> tuple[bool, object]:
    """Fill a runner's model.

    A file with weights of the model's own classifier, or of a model without
    one all weights, is a trained model, and has to fit as a whole. Any other
    is what a training would start from: it fills the backbone alone.

    Args:
        runner: Built.
        checkpoint: The file.

    Returns:
        Whether the model is a trained one, and what the file holds.

    Raises:
        ConfigError: If the file does not fit the model, or holds weights that are not finite.

    Example:
        >>> load_weights(runner, 'moco_v2_800ep_pretrain.pth.tar')[0]  # doctest: +SKIP
        False
    """
    model = unwrap_model(runner.model)
    content = read_checkpoint(checkpoint)
    tensors = content.get('state_dict', content) if isinstance(content, dict) else {}
    names = {str(name).removeprefix('module.') for name in tensors} if isinstance(tensors, dict) else set()
    heads = num_classes_of(model)
    if heads:
        trained = any(name.startswith(tuple(f'{head}.' for head in heads)) for name in names)
    else:
        trained = names >= set(model.state_dict())
    if trained:
        fit = fill(model, content, checkpoint)
        written = classes_of(content) or ()
        for width in heads.values() if written and not fit.missing else ():
            # Before the shapes, which only follow from them.
            if width != len(written):
                raise ConfigError(
                    f'{checkpoint} was trained on {len(written)} classes ({", ".join(written[:SHOWN])}'
                    f'{", ..." if len(written) > SHOWN else ""}), and these data have {width}; give data of its own '
                    'classes, or name those that it does not know: ood_classes=NAME,NAME'
                )
        require_whole(model, fit, checkpoint)
    else:
        print_log(f'{checkpoint} is taken as what a training would start from: its backbone is evaluated', 'current')
        runner.cfg.checkpoint = checkpoint
        initialise(runner)
    return trained, content
