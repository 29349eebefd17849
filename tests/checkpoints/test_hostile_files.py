"""read_state_dict on files that try to run code: none of them does."""

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.logging import HistoryBuffer

from cft.checkpoints import load_ssl_backbone, read_state_dict
from cft.errors import ConfigError
from tests.support.hostile_pickles import (
    PAYLOADS,
    Call,
    builtins_by_getattr,
    module_by_getattr,
    run_unsafely,
    shell,
    text,
    wait_for,
)

GOOD = {'weight': torch.ones(2, 2)}

PLACES: dict[str, Callable[[Call], object]] = {
    'alone': lambda call: call,
    'in a list': lambda call: [1, [call]],
    'in the state dict': lambda call: {'state_dict': {**GOOD, 'x': call}},
    'beside the state dict': lambda call: {'state_dict': GOOD, 'optimizer': {'state': {0: (call,)}}},
    'as a key': lambda call: {'state_dict': GOOD, 'meta': {Call(str, call): 1}},
    'as state of a log history': lambda call: {'state_dict': GOOD, 'm': Call(HistoryBuffer, state={'x': call})},
    'as argument of a log history': lambda call: {'state_dict': GOOD, 'm': Call(HistoryBuffer, call)},
}

FORMATS: dict[str, Callable[[object, Path], None]] = {
    'zip': lambda content, path: torch.save(content, path),
    'legacy': lambda content, path: torch.save(content, path, _use_new_zipfile_serialization=False),
    'pickle': lambda content, path: path.write_bytes(pickle.dumps(content)),
}


def read_quietly(path: Path) -> None:
    """Read; a refusal must be a ConfigError, and what is accepted must be the file's tensors alone."""
    try:
        tensors = read_state_dict(path)
    except ConfigError as error:
        assert str(path) in str(error)
    else:
        assert list(tensors) == ['weight']
        assert torch.equal(tensors['weight'], GOOD['weight'])


@pytest.mark.parametrize('payload', PAYLOADS)
@pytest.mark.parametrize('place', PLACES)
def test_payload_does_not_run(tmp_path: Path, payload: Callable[[Path], Call], place: str) -> None:
    """In every format of the file; the same file does run its payload where everything is allowed."""
    forbidden, control, path = tmp_path / 'forbidden', tmp_path / 'control', tmp_path / 'file.pth'
    for write in FORMATS.values():
        write(PLACES[place](payload(forbidden)), path)
        read_quietly(path)
    for write in FORMATS.values():
        write(PLACES[place](payload(control)), path)
        run_unsafely(path)
        assert wait_for(control)
        control.unlink()
    assert not forbidden.exists()


@pytest.mark.parametrize('chain', [builtins_by_getattr, module_by_getattr])
@pytest.mark.parametrize('wrap', [b'%s.', b'(lp0\n%sa.', b'(d' + text('state_dict') + b'%ss.'])
def test_chain_of_getattr_does_not_run(tmp_path: Path, chain: Callable[[Path], bytes], wrap: bytes) -> None:
    """Hand-written instructions, alone, in a list and in a dict; where everything is allowed, they run."""
    forbidden, control, path = tmp_path / 'forbidden', tmp_path / 'control', tmp_path / 'file.pth'
    path.write_bytes(wrap % chain(forbidden))
    with pytest.raises(ConfigError, match='cannot read'):
        read_state_dict(path)
    path.write_bytes(wrap % chain(control))
    run_unsafely(path)
    assert control.exists()
    assert not forbidden.exists()


def test_backbone_is_unchanged_by_a_hostile_file(tmp_path: Path) -> None:
    """The way that a config's ``checkpoint`` takes: an error, the weights as they were, nothing run."""
    target, path = tmp_path / 'sentinel', tmp_path / 'file.pth'
    torch.save({'state_dict': {'weight': torch.ones(2, 2), 'bias': torch.ones(2), 'x': shell(target)}}, path)
    linear = torch.nn.Linear(2, 2)
    before = {name: value.clone() for name, value in linear.state_dict().items()}
    with pytest.raises(ConfigError, match=r'posix\.system'):
        load_ssl_backbone(linear, path)
    assert all(torch.equal(value, before[name]) for name, value in linear.state_dict().items())
    assert not target.exists()
