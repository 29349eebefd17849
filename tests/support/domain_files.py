"""Image files in domain and class folders."""

from pathlib import Path

import cv2
import numpy as np

from cft.datasets import DomainFolder


def draw_domains(root: Path, sizes: dict[str, dict[str, int]], side: int = 32) -> Path:
    """``sizes[domain][class]`` images; the brightness tells the class, the noise is the domain's and the file's own."""
    names = sorted({name for classes in sizes.values() for name in classes})
    for number, (domain, classes) in enumerate(sizes.items()):
        for name, size in classes.items():
            (root / domain / name).mkdir(parents=True)
            for index in range(size):
                rng = np.random.default_rng([number, names.index(name), index])
                level = 40 + 170 * names.index(name) / max(len(names) - 1, 1)
                image = np.clip(rng.normal(level, 20 + 5 * number, (side, side, 3)), 0, 255).astype(np.uint8)
                assert cv2.imwrite(str(root / domain / name / f'{index:02}.png'), image)
    return root


def samples(root: Path, test_domain: str, split: str, **options: object) -> list[tuple[str, int, int]]:
    """Relative path, label and domain of every sample."""
    dataset = DomainFolder(str(root), test_domain, split=split, **options)
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    return [(str(Path(i['img_path']).relative_to(root)), i['gt_label'], i['domain']) for i in infos]
