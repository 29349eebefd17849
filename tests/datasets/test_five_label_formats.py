"""COCO, VOC, YOLO, CVAT and LabelMe versions of one data set: the same objects, and the same first loss."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.runner import set_random_seed

from cft.apis import load_config
from cft.apis.completion.completion import complete_config
from cft.datasets.conversion import convert_labels
from cft.registry import DATASETS, MODELS
from tests.support.detection_files import CLASSES, CONVERTED, WRITERS, Pictures, drawn_pictures

OUTLINES = [kind for kind in WRITERS if kind != 'voc']


@pytest.fixture(scope='module')
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    return drawn_pictures(tmp_path_factory.mktemp('drawn') / 'shapes')


@pytest.fixture(scope='module')
def folders(pictures: Pictures, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What ``data_root`` is, of boxes and of outlines."""
    top, found = tmp_path_factory.mktemp('labels'), {}
    for outlines in (False, True):
        for kind in OUTLINES if outlines else WRITERS:
            name = f'{kind} outlines' if outlines else kind
            found[name] = top / name
            WRITERS[kind](top / name, pictures, outlines)
            if kind in CONVERTED:
                found[name] = top / f'{name} as coco'
                convert_labels(kind, top / name, found[name])
    return found


def loaded(folder: Path, masks: bool = False) -> Config:
    """The config as a run has it, with a tiny network."""
    cfg = load_config(
        'ce/r50_folder_mask_det' if masks else 'ce/r50_folder_det', {'data_root': str(folder), 'image_size': 64}
    )
    narrow = {'out_channels': 16}
    cfg.merge_from_dict(
        {
            'model.backbone': {'depth': 18, 'base_channels': 8, 'frozen_stages': -1},
            'model.neck': {'in_channels': [8, 16, 32, 64], **narrow},
            'model.rpn_head': {'in_channels': 16, 'feat_channels': 16},
            'model.roi_head.bbox_roi_extractor': narrow,
            'model.roi_head.bbox_head': {'in_channels': 16, 'fc_out_channels': 16},
        }
    )
    if masks:
        cfg.model.roi_head.mask_roi_extractor.out_channels = 16
        cfg.model.roi_head.mask_head.update(num_convs=1, in_channels=16, conv_out_channels=16)
    complete_config(cfg)
    return cfg


def objects(cfg: Config, split: str) -> dict[str, list]:
    """By image: class name and box of each object."""
    with DATASETS.switch_scope_and_registry('mmdet'):
        dataset = DATASETS.build(cfg[f'{split}_dataloader'].dataset)
    names = dataset.metainfo['classes']
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    return {
        Path(info['img_path']).stem: [(names[entry['bbox_label']], entry['bbox']) for entry in info['instances']]
        for info in infos
    }


def check_objects(cfg: Config, pictures: Pictures) -> None:
    for split, some in pictures.items():
        found = objects(cfg, split)
        assert list(found) == [picture.stem for picture in some]
        for picture in some:
            ours = found[picture.stem]
            assert [label for label, _ in ours] == [thing.label for thing in picture.things]
            for (_, box), thing in zip(ours, picture.things, strict=True):
                assert box == pytest.approx(thing.box, abs=1e-9)


@pytest.mark.parametrize('kind', WRITERS)
def test_boxes_are_those_that_were_written(kind: str, folders: dict[str, Path], pictures: Pictures) -> None:
    """In all splits, with the names of their classes; the image without an object is there."""
    cfg = loaded(folders[kind])
    assert list(cfg.train_dataloader.dataset.metainfo.classes) == CLASSES
    assert cfg.model.roi_head.bbox_head.num_classes == 4
    assert any(not picture.things for picture in pictures['train'])
    check_objects(cfg, pictures)


def first_loss(cfg: Config) -> dict[str, float]:
    """Losses of the first four training images through the config's pipeline and model."""
    set_random_seed(3)
    with MODELS.switch_scope_and_registry('mmdet') as registry:
        model = registry.build(cfg.model)
        model.init_weights()
    with DATASETS.switch_scope_and_registry('mmdet'):
        dataset = DATASETS.build(cfg.train_dataloader.dataset)
    batch = model.data_preprocessor(pseudo_collate([dataset[index] for index in range(4)]), True)
    losses = model.loss(batch['inputs'], batch['data_samples'])
    totals = {name: sum(value) if isinstance(value, list) else value for name, value in losses.items()}
    return {name: total.item() for name, total in totals.items() if 'loss' in name}


@pytest.mark.slow
def test_first_loss_is_the_same(folders: dict[str, Path]) -> None:
    losses = {kind: first_loss(loaded(folders[kind])) for kind in WRITERS}
    assert all(np.isfinite(list(found.values())).all() for found in losses.values())
    for kind in WRITERS:
        assert losses[kind] == pytest.approx(losses['coco'], rel=1e-5), kind
    changed = loaded(folders['coco'])
    changed.train_dataloader.dataset.metainfo.classes = tuple(reversed(CLASSES))
    assert first_loss(changed)['loss_cls'] != pytest.approx(losses['coco']['loss_cls'], rel=1e-5)


def masks_of(cfg: Config) -> list[np.ndarray]:
    with DATASETS.switch_scope_and_registry('mmdet'):
        dataset = DATASETS.build(cfg.test_dataloader.dataset)
    samples = [dataset[index]['data_samples'].gt_instances for index in range(len(dataset))]
    return [sample.masks.to_ndarray() for sample in samples]


def inside(outline: list, width: int, height: int) -> np.ndarray:
    """Pixels whose centres lie in a diamond, by its own inequality."""
    (cx, top), (right, cy) = outline[0], outline[1]
    rows, columns = np.mgrid[:height, :width] + 0.5
    return abs(columns - cx) / (right - cx) + abs(rows - cy) / (cy - top) <= 1


def test_masks_are_the_same(folders: dict[str, Path], pictures: Pictures) -> None:
    """Drawn from outlines; they are the diamonds that were written, up to pixels on the edge."""
    found = {kind: masks_of(loaded(folders[f'{kind} outlines'], masks=True)) for kind in OUTLINES}
    for kind in OUTLINES:
        assert all((ours == other).all() for ours, other in zip(found[kind], found['coco'], strict=True)), kind
    for masks, picture in zip(found['coco'], pictures['test'], strict=True):
        assert len(masks) == len(picture.things) > 0
        for mask, thing in zip(masks, picture.things, strict=True):
            expected = inside(thing.outline, picture.side, picture.side)
            width, height = thing.box[2] - thing.box[0], thing.box[3] - thing.box[1]
            assert (mask.astype(bool) != expected).sum() <= 2 * (width + height)


def test_first_loss_with_masks_is_the_same(folders: dict[str, Path]) -> None:
    losses = {kind: first_loss(loaded(folders[f'{kind} outlines'], masks=True)) for kind in OUTLINES}
    for kind in OUTLINES:
        assert losses[kind]['loss_mask'] > 0 and losses[kind] == pytest.approx(losses['coco'], rel=1e-5), kind


@pytest.mark.parametrize('kind', OUTLINES)
def test_outlines_give_the_boxes(kind: str, folders: dict[str, Path], pictures: Pictures) -> None:
    check_objects(loaded(folders[f'{kind} outlines']), pictures)


def test_xml_of_voc_has_no_masks(folders: dict[str, Path]) -> None:
    with pytest.raises(Exception, match='take a detector without masks'):
        masks_of(loaded(folders['voc'], masks=True))
