"""OpenMMLab's checkpoint loading, made strict: no file is unpickled without limits.

MMEngine's own loaders retry with everything allowed when the safe attempt
fails, and files from the web are never tried safely. :func:`register_loaders`
replaces them for every scheme, so that ``load_from``, ``resume``,
``init_cfg=dict(type='Pretrained')`` and the inference functions of mmpretrain,
mmseg and mmdet read through :func:`cft.checkpoints.read_checkpoint`.
"""

import difflib
import os
from pathlib import Path
from urllib.parse import urlparse

import torch
from mmengine.dist import barrier, is_main_process
from mmengine.fileio import get_local_path
from mmengine.logging import print_log
from mmengine.runner import (
    CheckpointLoader,
    get_deprecated_model_names,
    get_external_models,
    get_mmcls_models,
    get_torchvision_models,
)

from cft.checkpoints.finite_weights import refuse_non_finite
from cft.checkpoints.read import read_checkpoint
from cft.checkpoints.state_dict import ema_copy_beside
from cft.errors import ConfigError

WEB = ('http://', 'https://')
STORES = (r'(\S+\:)?s3://', r'(\S+\:)?petrel://')

# MMEngine's log names a loader by what follows the first ten characters of its function.


def load_from_local(filename: str, map_location: object = None) -> dict | torch.Tensor:
    """Read a local file.

    Tensors stay on the CPU whatever ``map_location`` says, here and below: what
    loads them copies them to its device, and the states of random number
    generators and optimisers belong where they were saved from.

    Raises:
        ConfigError: If there is no such file, it is damaged, cannot be read
            safely, or holds no named values, or a weight is not finite.
    """
    path = Path(filename).expanduser()
    content = read_checkpoint(path)
    if not isinstance(content, dict | torch.Tensor):
        raise ConfigError(f'{path} holds a {type(content).__name__}, not named tensors; give a checkpoint of a model')
    if isinstance(content, dict):
        for tensors in (content.get('state_dict', content), content.get('ema_state_dict')):
            refuse_non_finite(tensors if isinstance(tensors, dict) else {}, path)
        if (copy := ema_copy_beside(content)) is not None:
            print_log(
                f'{path} also holds an EMA copy of its weights under {copy}, which is not taken here; '
                "init_cfg=dict(type='SSLPretrained', checkpoint=FILE, weights='ema') takes it",
                'current',
            )
    return content


def load_from_http(filename: str, map_location: object = None) -> dict | torch.Tensor:
    """Download a file into torch's cache, unless it is there, and read it.

    Raises:
        ConfigError: If it cannot be downloaded or read safely.
    """
    path = Path(torch.hub.get_dir(), 'checkpoints', Path(urlparse(filename).path).name)
    # Other machines may have a cache of their own: each process looks once the first is done.
    if is_main_process():
        _download(filename, path)
    barrier()
    _download(filename, path)
    try:
        return load_from_local(str(path))
    except ConfigError as error:
        raise ConfigError(f'{filename}: {error}') from error


def _download(url: str, path: Path) -> None:
    if path.is_file():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(url, str(path), progress=os.isatty(2))
    except OSError as error:
        raise ConfigError(f'{url} cannot be downloaded ({error}); download it to {path} by other means') from error


def load_from_torchvision(filename: str, map_location: object = None) -> dict | torch.Tensor:
    """Read one of torchvision's models by its name."""
    return load_from_http(_look_up(filename, get_torchvision_models()))


def load_from_openmmlab(filename: str, map_location: object = None) -> dict | torch.Tensor:
    """Read one of OpenMMLab's models by its name, from the web or from ``$MMENGINE_HOME``."""
    scheme, name = filename.split('://')
    place = _look_up(f'{scheme}://{get_deprecated_model_names().get(name, name)}', get_external_models())
    if place.startswith(WEB):
        return load_from_http(place)
    cache = os.environ.get('XDG_CACHE_HOME', '~/.cache')
    home = Path(os.environ.get('MMENGINE_HOME', Path(cache, 'mmengine'))).expanduser()
    return load_from_local(str(home / place))


def load_from_mmcls(filename: str, map_location: object = None) -> dict:
    """Read the backbone of one of the former mmcls's models by its name."""
    content = load_from_http(_look_up(filename, get_mmcls_models()))
    assert isinstance(content, dict), 'as all files of that list'
    tensors = content.get('state_dict', content)
    prefix = 'backbone.'
    return {'state_dict': {name.removeprefix(prefix): value for name, value in tensors.items() if prefix in name[:9]}}


def load_from_ceph(filename: str, map_location: object = None) -> dict | torch.Tensor:
    """Read a file of an object store, through a local copy."""
    with get_local_path(filename, backend_args={'backend': 'petrel'}) as path:
        return load_from_local(str(path))


def load_from_pavi(filename: str, map_location: object = None) -> dict:
    """Refuse: the service has no public client."""
    raise ConfigError(f'{filename}: files of pavi are not read; download the file and give its path')


def _look_up(filename: str, models: dict[str, str]) -> str:
    scheme, name = filename.split('://')
    if name not in models:
        near = difflib.get_close_matches(name, models, n=1)
        hint = f'did you mean {near[0]!r}?' if near else 'give the path or the URL of the file'
        raise ConfigError(f'{filename}: {scheme} has no model {name!r}; {hint}')
    return models[name]


LOADERS = {
    '': load_from_local,
    WEB: load_from_http,
    ('modelzoo://', 'torchvision://'): load_from_torchvision,
    ('open-mmlab://', 'openmmlab://'): load_from_openmmlab,
    'mmcls://': load_from_mmcls,
    STORES: load_from_ceph,
    'pavi://': load_from_pavi,
}


def register_loaders() -> None:
    """Take the place of all loaders of MMEngine, from now on; what was loaded before was loaded by MMEngine's own."""
    for prefixes, loader in LOADERS.items():
        CheckpointLoader.register_scheme(prefixes, loader, force=True)
