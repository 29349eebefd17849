"""draw_digit_domains: every digit once, the same classes in all domains, appearances that differ."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from cft.datasets import ImageFolder
from cft.datasets.synthetic import DOMAINS, draw_digit_domains
from cft.errors import ConfigError
from tests.datasets.synthetic.synthetic_files import contents


def files(root: Path) -> dict[str, list[Path]]:
    return {domain: sorted((root / domain).glob('*/*.png')) for domain in DOMAINS}


def pixels(paths: list[Path]) -> tuple[np.ndarray, np.ndarray]:
    """(N, 32, 32, 3) pictures and (N,) classes."""
    images = [Image.open(path) for path in paths]
    assert {(image.mode, image.size) for image in images} == {('RGB', (32, 32))}
    return np.stack([np.asarray(image) for image in images]), np.array([int(path.parent.name) for path in paths])


def test_every_digit_in_one_domain(digit_domains: Path) -> None:
    """All 1,797 of scikit-learn's, by number, under their class."""
    _, classes = load_digits(return_X_y=True)
    found = [(int(path.stem), int(path.parent.name)) for paths in files(digit_domains).values() for path in paths]
    assert sorted(found) == list(enumerate(classes.tolist()))
    assert sorted(path.name for path in digit_domains.iterdir() if path.is_dir()) == sorted(DOMAINS)


def test_no_digit_in_two_domains(digit_domains: Path) -> None:
    """By the source's pixels, in which no two digits are equal."""
    source, _ = load_digits(return_X_y=True)
    owners: dict[bytes, set[str]] = {}
    for domain, paths in files(digit_domains).items():
        for path in paths:
            owners.setdefault(source[int(path.stem)].tobytes(), set()).add(domain)
    assert len(owners) == 1797
    assert all(len(domains) == 1 for domains in owners.values())


def test_equal_class_distributions(digit_domains: Path) -> None:
    """Up to one digit, of each class and in all."""
    counts = np.array(
        [np.bincount([int(path.parent.name) for path in paths]) for paths in files(digit_domains).values()]
    )
    assert counts.shape == (4, 10)
    assert np.ptp(counts, axis=0).max() <= 1
    assert np.ptp(counts.sum(axis=1)) <= 1


def test_plain_shows_the_source(digit_domains: Path) -> None:
    """Averaged back to 8x8 pixels, the picture without its margin is scikit-learn's digit."""
    source, _ = load_digits(return_X_y=True)
    paths = files(digit_domains)['plain']
    images, _ = pixels(paths)
    shrunk = images[:, 4:28, 4:28].mean(axis=3).reshape(-1, 8, 3, 8, 3).mean(axis=(2, 4))
    originals = source[[int(path.stem) for path in paths]].reshape(-1, 8, 8)
    correlations = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(shrunk, originals, strict=True)]
    assert min(correlations) > 0.9
    assert (images == images[..., :1]).all() and images.max() == 255 and images.min() == 0


def test_appearances(digit_domains: Path) -> None:
    """What the description of each domain promises about brightness, colour and texture."""
    images = {domain: pixels(paths)[0].astype(float) for domain, paths in files(digit_domains).items()}
    border = {domain: values[:, :3] for domain, values in images.items()}
    spread = {domain: values.std(axis=(1, 2)).mean() for domain, values in border.items()}
    colourfulness = {domain: np.ptp(values, axis=3).mean() for domain, values in border.items()}
    assert border['plain'].max() == 0
    assert border['inverted_colour'].max(axis=3).min() >= 190 and spread['inverted_colour'] == 0
    assert border['edges'].mean() > 200 and spread['edges'] < 8
    assert spread['texture'] > 12
    assert min(colourfulness['inverted_colour'], colourfulness['texture']) > 30
    assert max(colourfulness['plain'], colourfulness['edges']) < 12
    centre = {domain: values[:, 8:24, 8:24].mean(axis=3) for domain, values in images.items()}
    darkest = centre['inverted_colour'].min(axis=(1, 2))
    assert (darkest < 60).all()


def test_neighbours_know_their_own_domain_and_not_another(digit_domains: Path) -> None:
    """Raw pixels suffice within plain digits; outlines and inversions of the same classes defeat them."""
    data = {domain: pixels(paths) for domain, paths in files(digit_domains).items()}
    images, classes = data['plain']
    neighbours = KNeighborsClassifier(3).fit(images[::2].reshape(-1, 3072), classes[::2])
    own = neighbours.score(images[1::2].reshape(-1, 3072), classes[1::2])
    others = {
        domain: neighbours.score(values.reshape(-1, 3072), labels)
        for domain, (values, labels) in data.items()
        if domain != 'plain'
    }
    assert own > 0.9
    assert max(others.values()) < 0.5


def test_an_image_folder_reads_a_domain(digit_domains: Path) -> None:
    dataset = ImageFolder(str(digit_domains / 'edges'), split='train')
    assert dataset.metainfo['classes'] == tuple('0123456789')
    assert len(dataset) == pytest.approx(0.9 * len(files(digit_domains)['edges']), abs=10)


@pytest.mark.slow
def test_determined_by_the_seed(digit_domains: Path, tmp_path: Path) -> None:
    np.random.seed(5)
    draw_digit_domains(tmp_path / 'again')
    assert contents(tmp_path / 'again') == contents(digit_domains)
    draw_digit_domains(tmp_path / 'other', seed=1)
    assignments = [
        {path.stem: domain for domain, paths in files(root).items() for path in paths}
        for root in (digit_domains, tmp_path / 'other')
    ]
    same = np.mean([assignments[0][digit] == assignments[1][digit] for digit in assignments[0]])
    assert 0.2 < same < 0.3


@pytest.mark.parametrize('seed', [-1, 0.5, None])
def test_seed_out_of_range(tmp_path: Path, seed: object) -> None:
    with pytest.raises(ConfigError, match=f'^seed must be an integer of at least 0, got {seed!r}$'):
        draw_digit_domains(tmp_path / 'digits', seed=seed)
