"""Whether an exported model says what the model in PyTorch says, on real images."""

import itertools
from collections.abc import Iterator, Sequence

import torch
from mmengine.config import Config
from torch import Tensor

from cft.apis.prediction.images import Picture, image_reader, pictures_of
from cft.apis.prediction.predictors import pixel_pipeline
from cft.errors import ConfigError
from cft.registry import DATASETS

from .formats import Run
from .graph import ClassificationGraph, EmbeddingGraph, ExportGraph, SegmentationGraph
from .preprocessing import padded

IMAGES = 8
# Of logits and probabilities as they are; of features, in parts of the largest if that is above 1.
LIMIT = 1e-4


def real_images(cfg: Config, images: Picture | Sequence[Picture] | None) -> list[Tensor]:
    """Up to eight (3, H, W) images, B, G, R, as the test pipeline gives them.

    Args:
        cfg: With ``test_dataloader``.
        images: As of :func:`cft.apis.predict`; None: of the test data, from its beginning to its end.

    Raises:
        ConfigError: If the test data, or an image, cannot be read.
    """
    if images is not None:
        read, pipeline = image_reader(cfg), pixel_pipeline(cfg)
        given = pictures_of([images] if isinstance(images, Picture) else images)
        found = [pipeline(read(picture, name))['inputs'][0] for name, _, picture in itertools.islice(given, IMAGES)]
    else:
        try:
            with DATASETS.switch_scope_and_registry(cfg.default_scope):
                dataset = DATASETS.build(cfg.test_dataloader.dataset)
            number = min(IMAGES, len(dataset))
            found = [dataset[index * len(dataset) // number]['inputs'] for index in range(number)]
        except (ConfigError, OSError) as error:
            raise ConfigError(
                f'an exported model is compared with PyTorch on images of the test data, and {error}; give other '
                'images with --images FOLDER'
            ) from error
    if not found:
        raise ConfigError('there is no image to compare the exported model with PyTorch on; give some with --images')
    return found


def expected_outputs(graph: ExportGraph, image: Tensor) -> list[Tensor]:
    """What the model in PyTorch says, by its own preprocessor and methods.

    Args:
        graph: That is exported.
        image: (N, 3, H, W), B, G, R, uint8.
    """
    model = graph.model
    with torch.no_grad():
        inputs = model.data_preprocessor({'inputs': image}, False)['inputs']
        if isinstance(graph, SegmentationGraph):
            return [model.encode_decode(inputs, [{'img_shape': tuple(inputs.shape[2:])}])]
        features = model.extract_feat(inputs)
        if isinstance(graph, ClassificationGraph):
            scores = [sample.pred_score for sample in model.predict(inputs, None)]
            return [model.head(features), torch.stack(scores)]
        if isinstance(graph, EmbeddingGraph):
            return [features[-1].flatten(2).mean(2) if features[-1].dim() == 4 else features[-1]]
        return list(features)


def batches_of(images: Sequence[Tensor]) -> Iterator[Tensor]:
    """Each image alone, and three of one size: the first one, mirrored in both directions as well."""
    yield from (image[None] for image in images)
    yield torch.stack([images[0], images[0].flip(2), images[0].flip(1)])


def measure_parity(
    graph: ExportGraph, run: Run, images: Sequence[Tensor], steps: list[dict], names: Sequence[str]
) -> dict[str, float]:
    """The largest difference of each output between an exported file and PyTorch.

    Args:
        graph: That was exported.
        run: Runs the file.
        images: From :func:`real_images`.
        steps: From :func:`cft.apis.exporting.preprocessing.preprocessing_steps`.
        names: Of the outputs.

    Returns:
        Differences by name; of features, in parts of the largest value if that is above 1.
    """
    predicts = isinstance(graph, ClassificationGraph | SegmentationGraph)
    largest = dict.fromkeys(names, 0.0)
    for image in batches_of(images):
        outputs = run(padded(image.flip(1).float(), steps))
        for name, output, expected in zip(names, outputs, expected_outputs(graph, image), strict=True):
            if output.shape != expected.shape:
                raise ConfigError(f'the exported model gives {name} of the shape {tuple(output.shape)}')
            scale = 1.0 if predicts else max(1.0, float(expected.abs().max()))
            difference = float((output - expected).abs().max()) / scale
            # What is no number differs, too.
            largest[name] = max(largest[name], difference if difference == difference else float('inf'))
    return largest


def check_parity(differences: dict[str, float], kind: str) -> None:
    """Refuse a file that says something else than PyTorch.

    Raises:
        ConfigError: Naming the output and its difference.

    Example:
        >>> check_parity({'logits': 0.2}, 'onnx')
        Traceback (most recent call last):
        ...
        cft.errors.ConfigError: --format onnx: the largest difference of logits from PyTorch is 2.0e-01, above \
1.0e-04; nothing was written
    """
    name, difference = max(differences.items(), key=lambda item: item[1])
    if not difference <= LIMIT:
        raise ConfigError(
            f'--format {kind}: the largest difference of {name} from PyTorch is {difference:.1e}, above {LIMIT:.1e}; '
            'nothing was written'
        )
