"""Files that run code where everything is allowed, through every loader that OpenMMLab's libraries use."""

import functools
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.runner import CheckpointLoader, load_checkpoint
from mmengine.runner.checkpoint import _load_checkpoint_with_prefix
from mmengine.runner.checkpoint import load_from_local as load_as_mmengine_did
from safetensors.torch import save_file
from torch import nn

from cft.errors import ConfigError
from tests.support.hostile_pickles import PAYLOADS, Call, shell, wait_for


class Restored:
    """Runs its payload when its state is given back."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __setstate__(self, state: dict) -> None:
        state['target'].touch()


class Reduced:
    """A call whose argument is the result of another."""

    def __init__(self, target: Path) -> None:
        self.inner = shell(target)

    def __reduce__(self) -> tuple:
        return list, ((self.inner,),)


CONTENTS: dict[str, Callable[[Path], object]] = {
    **{payload.__name__: payload for payload in PAYLOADS},
    'array of objects': lambda target: np.array([shell(target)], dtype=object),
    'call in a call': Reduced,
    'state': Restored,
    'key': lambda target: {Call(str, shell(target)): 1},
}


def write_hostile(path: Path, target: Path, content: Callable[[Path], object] = shell) -> Path:
    """A checkpoint whose weights are those of ``nn.Linear(2, 2)`` and that holds a payload beside them."""
    state = nn.Linear(2, 2).state_dict()
    torch.save({'meta': {'epoch': 1, 'iter': 1}, 'state_dict': state, 'message_hub': {'x': content(target)}}, path)
    return path


class Holder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Linear(2, 2)


LOADS: dict[str, Callable[[nn.Module, str], object]] = {
    'CheckpointLoader': lambda model, path: CheckpointLoader.load_checkpoint(path),
    'on another device': lambda model, path: CheckpointLoader.load_checkpoint(path, map_location='meta'),
    'load_checkpoint': lambda model, path: load_checkpoint(model, path, map_location='cpu'),
    'with a prefix': lambda model, path: _load_checkpoint_with_prefix('backbone', path),
}


@pytest.mark.parametrize('content', CONTENTS)
@pytest.mark.parametrize('load', LOADS)
def test_nothing_runs(tmp_path: Path, content: str, load: str) -> None:
    """One error that names the file; MMEngine's own loader does run each of these files."""
    forbidden, control = tmp_path / 'forbidden', tmp_path / 'control'
    path = write_hostile(tmp_path / 'file.pth', forbidden, CONTENTS[content])
    model = nn.Linear(2, 2)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(ConfigError, match=r'cannot read .*file\.pth.*(is refused|neither numbers nor text|fields)'):
        LOADS[load](model, str(path))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not forbidden.exists()
    write_hostile(path, control, CONTENTS[content])
    if load == 'CheckpointLoader':
        load_as_mmengine_did(str(path), 'cpu')
        assert wait_for(control)


@pytest.mark.parametrize('kind', ['Pretrained', 'SSLPretrained'])
def test_init_cfg(kind: str, tmp_path: Path) -> None:
    from mmengine.model import BaseModule

    class Backbone(BaseModule):
        def __init__(self, init_cfg: dict) -> None:
            super().__init__(init_cfg)
            self.layer = nn.Linear(2, 2)

    path = write_hostile(tmp_path / 'file.pth', tmp_path / 'forbidden')
    with pytest.raises(ConfigError, match=r'posix\.system.*CFT_TRUST_CHECKPOINTS=1'):
        Backbone({'type': kind, 'checkpoint': str(path)}).init_weights()
    assert not (tmp_path / 'forbidden').exists()


def test_every_scheme_is_ours() -> None:
    """A scheme that a future MMEngine adds must be looked at."""
    assert {loader.__module__ for loader in CheckpointLoader._schemes.values()} == {'cft.compat.checkpoint_loaders'}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """URL of a web server over ``tmp_path/web``; downloads are kept in ``tmp_path/hub``."""
    (tmp_path / 'web').mkdir()
    monkeypatch.setattr(torch.hub, '_hub_dir', str(tmp_path / 'hub'))
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path / 'web')
    handler.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield f'http://127.0.0.1:{web.server_port}'
        web.shutdown()


def names(url: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All ways to name a file of the web or of MMEngine's cache."""
    from cft.compat import checkpoint_loaders

    home.mkdir()
    (home / 'open_mmlab.json').write_text(json.dumps({'web': url, 'cached': 'cached.pth'}))
    monkeypatch.setenv('MMENGINE_HOME', str(home))
    for function in ('get_torchvision_models', 'get_mmcls_models'):
        monkeypatch.setattr(checkpoint_loaders, function, lambda: {'web': url})
    schemes = ('open-mmlab://web', 'openmmlab://web', 'openmmlab://cached', 'torchvision://web', 'modelzoo://web')
    return [url, *schemes, 'mmcls://web']


def test_files_of_the_web(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Good ones are loaded and kept, hostile ones refused, by URL and by name."""
    good = {'backbone.weight': torch.arange(4.0)}
    torch.save({'state_dict': good}, tmp_path / 'web' / 'model.pth')
    found = names(f'{server}/model.pth', tmp_path / 'home', monkeypatch)
    torch.save({'state_dict': good}, tmp_path / 'home' / 'cached.pth')
    for name in found:
        tensors = CheckpointLoader.load_checkpoint(name)['state_dict']
        assert torch.equal(tensors.get('weight', tensors.get('backbone.weight')), good['backbone.weight']), name
        assert list(tensors) == (['weight'] if name.startswith('mmcls') else ['backbone.weight'])
    assert (tmp_path / 'hub' / 'checkpoints' / 'model.pth').is_file()

    for path in (tmp_path / 'hub' / 'checkpoints' / 'model.pth', tmp_path / 'home' / 'cached.pth'):
        write_hostile(path, tmp_path / 'forbidden')
    for name in found:
        with pytest.raises(ConfigError, match=r'refers to posix\.system'):
            CheckpointLoader.load_checkpoint(name)
    assert not (tmp_path / 'forbidden').exists()


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('{server}/nothing.pth', r'nothing\.pth cannot be downloaded \(HTTP Error 404'),
        ('http://127.0.0.1:9/a.pth', r'download it to .*checkpoints/a\.pth by other means'),
        ('torchvision://resnet5O', "torchvision has no model 'resnet5O'; did you mean 'resnet50'"),
        ('open-mmlab://detectron/resnet50_caffee', 'did you mean'),
        ('pavi://model', 'pavi'),
        ('nowhere.pth', r'no checkpoint nowhere\.pth; check the path'),
    ],
)
def test_what_cannot_be_found(server: str, name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        CheckpointLoader.load_checkpoint(name.format(server=server))


@pytest.mark.parametrize('content', [[1, 2], 'text', 3, None])
def test_no_named_tensors(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / 'file.pth')
    with pytest.raises(ConfigError, match=rf'file\.pth holds a {type(content).__name__}, not named tensors'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'file.pth'))


def test_good_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other kinds, a tensor alone, a path below the home folder, the versions of modules."""
    model = nn.BatchNorm1d(2)
    torch.save({'state_dict': model.state_dict()}, tmp_path / 'model.pth')
    monkeypatch.setenv('HOME', str(tmp_path))
    found = CheckpointLoader.load_checkpoint('~/model.pth', map_location='cpu')['state_dict']
    assert found._metadata == model.state_dict()._metadata
    save_file({'weight': torch.ones(2)}, tmp_path / 'model.safetensors')
    load_checkpoint(model, str(tmp_path / 'model.safetensors'))
    torch.save(torch.ones(3), tmp_path / 'embedding.pth')
    assert torch.equal(CheckpointLoader.load_checkpoint(str(tmp_path / 'embedding.pth')), torch.ones(3))


def test_trusted_file_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one documented way to allow it."""
    path = write_hostile(tmp_path / 'file.pth', tmp_path / 'allowed')
    monkeypatch.setenv('CFT_TRUST_CHECKPOINTS', '1')
    load_checkpoint(nn.Linear(2, 2), str(path))
    assert wait_for(tmp_path / 'allowed')
