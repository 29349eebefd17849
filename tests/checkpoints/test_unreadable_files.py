"""read_state_dict on files that are no checkpoint of named tensors: each is named, with the reason."""

from pathlib import Path

import pytest
import torch
from torch import nn

from cft.checkpoints import read_state_dict
from cft.errors import ConfigError


@pytest.mark.parametrize('name', ['nothing.pth', '.'])
def test_missing_file_is_named(tmp_path: Path, name: str) -> None:
    """No such file, or a folder."""
    with pytest.raises(ConfigError, match=f'no checkpoint {tmp_path / name}'):
        read_state_dict(tmp_path / name)


@pytest.mark.parametrize(
    'text',
    [
        '',
        '<!DOCTYPE html>\n<html>404</html>\n',
        'version https://git-lfs.github.com/spec/v1\n',
        '{"error": 403}\n',
        'epoch,loss\n1,2\n',
        '(none)\n',
        'hello\n',
        'Not Found\n',
        'just a text\n',
        'RuntimeError\n',
    ],
)
def test_text_file_is_named(tmp_path: Path, text: str) -> None:
    """What a failed download leaves: some first letters happen to be instructions of the pickle format."""
    path = tmp_path / 'file.pth'
    path.write_text(text)
    with pytest.raises(ConfigError, match=f'cannot read {path}'):
        read_state_dict(path)


@pytest.mark.parametrize('zipped', [True, False])
def test_truncated_file_is_named(tmp_path: Path, zipped: bool) -> None:
    """Cut after any number of bytes."""
    path = tmp_path / 'file.pth'
    torch.save({'state_dict': {'weight': torch.arange(6.0)}}, path, _use_new_zipfile_serialization=zipped)
    content = path.read_bytes()
    for length in range(0, len(content), 1 if len(content) < 1000 else 5):
        path.write_bytes(content[:length])
        with pytest.raises(ConfigError, match=f'cannot read {path}'):
            read_state_dict(path)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ({}, 'holds no (named )?tensors'),
        ({'state_dict': {}, 'epoch': 3}, 'holds no (named )?tensors'),
        ({'epoch': 3, 'weights': {'a': torch.ones(1)}}, r"its keys are \['epoch', 'weights'\]"),
        ([torch.ones(1)], 'holds a list'),
        (torch.ones(1), 'holds a Tensor'),
        ('text', 'holds a str'),
        ({0: torch.ones(1)}, 'holds no (named )?tensors'),
    ],
)
def test_no_named_tensors(tmp_path: Path, content: object, message: str) -> None:
    torch.save(content, tmp_path / 'file.pth')
    with pytest.raises(ConfigError, match=message):
        read_state_dict(tmp_path / 'file.pth')


def test_whole_module_is_refused(tmp_path: Path) -> None:
    """Loading it would run the constructor of any class; the message names the class."""
    torch.save(nn.Linear(2, 2), tmp_path / 'file.pth')
    with pytest.raises(ConfigError, match=r'cannot read .*torch\.nn\.modules\.linear\.Linear'):
        read_state_dict(tmp_path / 'file.pth')
