"""Top-level names of a config that stand for values deeper in it."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial

from cft.errors import ConfigError

from .config_nodes import iterate_dicts
from .tracker_settings import with_tracker

# The side that an image is resized to before its centre is cropped, in crops.
RESIZE_TO_CROP = 256 / 224
# By the type of a transform, its argument that is the image size; by that of a model's part likewise.
SIZE_ARGUMENTS = {
    'RandomResizedCrop': 'scale',
    'CenterCrop': 'crop_size',
    'ResizeEdge': 'scale',
    'RandomResize': 'scale',
    'Resize': 'scale',
    'RandomCrop': 'crop_size',
    'cft.ViewAugment': 'size',
    'SegDataPreProcessor': 'size',
}
NETWORK_SIZE = 'img_size'


@dataclass(frozen=True)
class Place:
    """A value that a shortcut stands for.

    Attributes:
        where: Dotted place in the config.
        node: The dict that holds it.
        key: Its name there.
        follow: From the shortcut's value to the one that belongs here.
    """

    where: str
    node: dict
    key: str
    follow: Callable[[object], object]

    @property
    def value(self) -> object:
        """What stands there; None if nothing does."""
        return self.node.get(self.key)


def places_of(cfg: dict, name: str, value: object) -> list[Place]:
    """Where a config holds what follows from a shortcut's value.

    Args:
        cfg: A config's dict.
        name: One of :data:`SHORTCUTS`.
        value: The shortcut's value there.

    Example:
        >>> cfg = dict(epochs=4, train_cfg=dict(max_epochs=4))
        >>> [place.where for place in places_of(cfg, 'epochs', 4)]
        ['train_cfg.max_epochs']
    """
    return [place for place in SHORTCUTS[name](cfg, value) if place.value == place.follow(value)]


def set_shortcut(cfg: dict, name: str, value: object) -> None:
    """Give a shortcut another value, and with it every place that follows its present one.

    Args:
        cfg: A config's dict, changed in place.
        name: One of :data:`SHORTCUTS`, in the config.
        value: The new value.

    Raises:
        ConfigError: If nothing in the config follows the shortcut.

    Example:
        >>> cfg = dict(data_root='a', train_dataloader=dict(dataset=dict(data_root='a')))
        >>> set_shortcut(cfg, 'data_root', 'b')
        >>> cfg['train_dataloader']['dataset']['data_root']
        'b'
    """
    before = cfg[name]
    followers = places_of(cfg, name, before)
    if not followers:
        raise ConfigError(f'{name}={value!r} would reach nothing: no part of the config has its value {before!r}')
    cfg[name] = value
    for place in followers:
        place.node[place.key] = place.follow(value)


def follow_places(cfg: dict, given: set[str]) -> None:
    """Let the shortcuts of a single place take the value that was given to the place itself.

    Args:
        cfg: A config's dict, changed in place.
        given: Names of the settings that were given, dotted.

    Raises:
        ConfigError: If the shortcut was given another value at the same time.

    Example:
        >>> cfg = dict(epochs=100, train_cfg=dict(max_epochs=4))
        >>> follow_places(cfg, {'train_cfg.max_epochs'})
        >>> cfg['epochs']
        4
    """
    for name, where in SINGLE_PLACES.items():
        outer, key = where.split('.')
        if where not in given or cfg.get(name) is None:
            continue
        value = cfg[outer][key]
        if name in given and cfg[name] != value:
            raise ConfigError(f'{name}={cfg[name]} and {where}={value} are the same setting; give one of them')
        cfg[name] = value


def check_shortcuts(
    cfg: dict, written: dict | None = None, assigned: Collection[str] = (), acted: bool = False
) -> None:
    """Check that every shortcut reaches something.

    MMEngine resolves a config's variables while it reads the file, so that one
    merged later, or written into a config above the one that uses it, changes
    nothing but itself. Where instead the places were set by themselves, the
    shortcut takes their value, or none if they differ: what is written down of
    the config is then true.

    Args:
        cfg: A complete config's dict, whose shortcuts may be changed in place.
        written: The config as its file has it.
        assigned: Names that the file itself assigns, above its ``_base_``.
        acted: Whether changed shortcuts have reached their places already, as
            :func:`cft.apis.load_config` sees to it, so that places which differ
            now were set after that.

    Raises:
        ConfigError: Naming the shortcut without effect and what to set instead.

    Example:
        >>> check_shortcuts(dict(epochs=4, train_cfg=dict(max_epochs=4)))
    """
    for name, find in SHORTCUTS.items():
        value = cfg.get(name)
        places = list(find(cfg, value)) if value is not None else []
        if not places or any(place.value == place.follow(value) for place in places):
            continue
        before = {place.where: place.value for place in find(written or {}, value)}
        untouched = all(place.value == before.get(place.where) for place in places)
        changed = written is None or written.get(name) != value
        if (changed and not acted) or (untouched and (changed or name in assigned)):
            settings = ' '.join(dict.fromkeys(f'{place.where}={place.follow(value)}' for place in places))
            raise ConfigError(
                f'{name}={value!r} has no effect: the parts of the config that use it were read before. Give it as an '
                f'option to the tools of cft, or set {settings}'
            )
        values = [place.value for place in places]
        cfg[name] = values[0] if all(other == values[0] for other in values) else None


def _same(value: object) -> object:
    return value


def _below(cfg: dict) -> Iterator[tuple[str, dict]]:
    return ((where, node) for where, node in iterate_dicts(cfg) if where)


def _named(name: str) -> Callable[[dict, object], Iterator[Place]]:
    def find(cfg: dict, value: object) -> Iterator[Place]:
        return (Place(f'{where}.{name}', node, name, _same) for where, node in _below(cfg) if name in node)

    return find


def _data_root(cfg: dict, value: object) -> Iterator[Place]:
    yield from _named('data_root')(cfg, value)
    for where, node in _below(cfg):
        # A metric reads the annotations itself.
        path, root = node.get('ann_file'), f'{value}/'
        if isinstance(path, str) and 'data_root' not in node and path.startswith(root):
            below = path.removeprefix(root)
            yield Place(f'{where}.ann_file', node, 'ann_file', partial('{1}/{0}'.format, below))


def _value_range(cfg: dict, value: object) -> Iterator[Place]:
    for where, node in _below(cfg):
        # Without a range the argument is left out: OpenMMLab's inference puts a reader of arrays in this place.
        if node.get('type') == 'cft.LoadImage':
            yield Place(f'{where}.value_range', node, 'value_range', _same)


def _tracker(cfg: dict, value: object) -> Iterator[Place]:
    visualizer = cfg.get('visualizer')
    if isinstance(visualizer, dict) and isinstance(visualizer.get('vis_backends'), list):
        follow = partial(with_tracker, visualizer['vis_backends'])
        yield Place('visualizer.vis_backends', visualizer, 'vis_backends', follow)


def _single(outer: str, key: str) -> Callable[[dict, object], Iterator[Place]]:
    def find(cfg: dict, value: object) -> Iterator[Place]:
        node = cfg.get(outer)
        if isinstance(node, dict) and key in node:
            yield Place(f'{outer}.{key}', node, key, _same)

    return find


def _image_size(cfg: dict, value: object) -> Iterator[Place]:
    for where, node in _below(cfg):
        key = SIZE_ARGUMENTS.get(str(node.get('type')), NETWORK_SIZE)
        if key in node:
            resizes = node.get('type') == 'ResizeEdge'
            pair = type(node[key]) if isinstance(node[key], list | tuple) else None
            yield Place(f'{where}.{key}', node, key, partial(_size, resizes=resizes, pair=pair))


def _size(value: object, resizes: bool, pair: type | None) -> object:
    side = round(value * RESIZE_TO_CROP) if resizes and isinstance(value, int) else value
    return pair((side, side)) if pair else side


SINGLE_PLACES = {'batch_size': 'train_dataloader.batch_size', 'epochs': 'train_cfg.max_epochs'}
SHORTCUTS: dict[str, Callable[[dict, object], Iterator[Place]]] = {
    'data_root': _data_root,
    'foreground': _named('foreground'),
    'image_folder': _named('image_folder'),
    'mask_folder': _named('mask_folder'),
    'reduce_zero_label': _named('reduce_zero_label'),
    'group_by': _named('group_by'),
    'test_domain': _named('test_domain'),
    'test_fraction': _named('test_fraction'),
    'image_size': _image_size,
    'label_format': _named('label_format'),
    'label_frame': _named('label_frame'),
    'value_range': _value_range,
    'tracker': _tracker,
    **{name: _single(*where.split('.')) for name, where in SINGLE_PLACES.items()},
}
