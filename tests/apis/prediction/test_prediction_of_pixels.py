"""predict: the pixels are those of training, whatever the file; the pictures of two images never share a name."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from cft.apis import load_config, predict
from cft.apis.prediction.images import output_places
from cft.errors import ConfigError, DataError
from cft.registry import MODELS
from tests.support.pixel_files import GREY, RGBA, png

CLASSES = {'dg': tuple('abcdefghij'), 'seg': tuple('abcde'), 'det': tuple('abcd')}


def untrained(task: str, root: Path) -> tuple[Path, Path]:
    """A quickstart config and a checkpoint of random weights."""
    cfg = load_config(f'quickstart/ce_{task}')
    cfg.dump(root / 'config.py')
    torch.manual_seed(0)
    with MODELS.switch_scope_and_registry(cfg.default_scope):
        model = MODELS.build(cfg.model)
    if task == 'seg':
        # As initialised, one class wins everywhere.
        torch.nn.init.normal_(model.decode_head.conv_seg.weight)
    meta = {'dataset_meta': {'classes': CLASSES[task], 'palette': [[40 * i] * 3 for i in range(len(CLASSES[task]))]}}
    torch.save({'state_dict': model.state_dict(), 'meta': meta}, root / 'model.pth')
    return root / 'config.py', root / 'model.pth'


@pytest.mark.parametrize('task', CLASSES)
def test_the_same_from_sixteen_bits_and_over_white(task: str, tmp_path: Path) -> None:
    """A file of 16 bits is predicted as the 8 bits of its range, a transparent one as it looks; drawn likewise."""
    config, checkpoint = untrained(task, tmp_path)
    shown = cv2.resize(np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8), (64, 64))
    alpha = np.zeros((64, 64), np.uint8)
    alpha[:32] = 255
    (tmp_path / 'images').mkdir()
    for name, content in {
        'shown': png(shown, GREY), 'deep': png(shown.astype(np.uint16) * 16, GREY),
        'white': png(np.where(alpha == 255, shown, 255).astype(np.uint8), GREY),
        'clear': png(np.dstack([shown, shown, shown, alpha]), RGBA),
    }.items():  # fmt: skip
        (tmp_path / 'images' / f'{name}.png').write_bytes(content)
    with pytest.raises(DataError, match='deep.png has unsigned pixels of 16 bits.*value_range'):
        predict(config, checkpoint, tmp_path / 'images')
    options = ['value_range=0,4080']
    found = predict(config, checkpoint, tmp_path / 'images', tmp_path / 'out', options, device='cpu')
    by_name = {Path(result.pop('image')).stem: result for result in found}
    assert by_name['deep'] == by_name['shown'] and by_name['clear'] == by_name['white'] != by_name['deep']
    drawn = {name: cv2.imread(str(tmp_path / 'out' / f'{name}.png')) for name in by_name}
    assert np.array_equal(drawn['deep'], drawn['shown']) and np.array_equal(drawn['clear'], drawn['white'])
    assert len(json.loads((tmp_path / 'out' / 'predictions.json').read_text())) == 4


def test_pictures_of_two_images_never_share_a_name() -> None:
    names = ['a/1.jpg', 'b/1.jpg', '1.jpg', '1.png', 'x.png', 'x_mask.png', '2024.12.31.png']
    places = output_places(Path('out'), [Path(name) for name in names])
    written = [f'{place}{end}.png' for place in places for end in ('', '_mask')]
    assert len(set(written)) == len(written)
    assert [str(place) for place in places[:4]] == ['out/a/1', 'out/b/1', 'out/1', 'out/1.png']
    assert str(places[-1]) == 'out/2024.12.31'
    with pytest.raises(ConfigError, match='two images are named 1.jpg'):
        output_places(Path('out'), [Path('1.jpg'), Path('1.jpg'), Path('1.jpg')])


def test_an_output_folder_that_cannot_be_is_said_before_the_work(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('here')
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(ConfigError, match='out cannot be made: .*file is a file'):
        predict('quickstart/ce_dg', tmp_path / 'nowhere.pth', tmp_path / 'a.png', tmp_path / 'file' / 'out')
