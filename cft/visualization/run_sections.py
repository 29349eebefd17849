"""The sections of the page of one run, each from what is known of it."""

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from cft.evaluation.pair_similarities import similarity_histograms

from .amounts import shown_memory, shown_time
from .blocks import Beside, Block, Facts, Gallery, Grid, Headline, Panel, Panels, Prose, Section, Source
from .class_counts import class_counts_panel
from .confusion import confusion_panel, mistakes_table
from .curves import curve_panels
from .embedding import FEWEST_FOR_TSNE, balanced_sample, embedding_panel
from .metric_names import in_order, shown_name, shown_value
from .mistakes import mistake_galleries
from .run_view import RunView
from .similarities import similarity_panel
from .tables import Table

MOST_PAIRED = 5000  # images whose pairs are counted
_ROWS = 40  # of a table that is not folded


def result_section(view: RunView) -> Section:
    """The main result with its interval, what it cost, and all other metrics."""
    numbers: list[tuple[str, str, str]] = []
    blocks: list[Block] = []
    evaluation, record = view.evaluation, view.record
    if evaluation is not None and view.main_metric is not None:
        name, value = view.main_metric
        remark = f'on {evaluation.images} {evaluation.split} images' if evaluation.images else evaluation.split
        interval = accuracy_interval(name, value, evaluation.images)
        if interval is not None:
            remark = f'95 % interval {interval[0]:.1f} to {interval[1]:.1f}, {remark}'
        numbers.append((shown_name(name), shown_value(name, value), remark))
    numbers += cost(record.seconds, record.step_seconds, record.peak_bytes)
    if numbers:
        blocks.append(Headline(numbers))
    if evaluation is not None:
        names = in_order(evaluation.metrics)
        if len(names) > 1:
            blocks.append(Facts({shown_name(name): shown_value(name, evaluation.metrics[name]) for name in names}))
        if accuracy_interval(names[0], 50.0, evaluation.images) if names else False:
            blocks.append(
                Prose('The interval (Wilson) tells how far chance in the choice of the images goes, not another '
                      'training: that takes several seeds, as cft compare has them.', quiet=True)
            )  # fmt: skip
    notes = [*(evaluation.notes if evaluation else ()), *view.notes]
    blocks += [Prose(f'{note[0].upper()}{note[1:]}'.rstrip('.') + '.', quiet=True) for note in notes if note]
    return Section('result', 'Result', blocks)


def accuracy_interval(metric: str, value: float, images: int) -> tuple[float, float] | None:
    """95 % interval of a part of independent images, in per cent (Wilson 1927); None of other metrics.

    Example:
        >>> [round(end, 1) for end in accuracy_interval('accuracy/top1', 90.0, 500)]
        [87.1, 92.3]
    """
    if metric != 'accuracy/top1' or not images:
        return None
    z, p = NormalDist().inv_cdf(0.975), value / 100
    center = (p + z**2 / (2 * images)) / (1 + z**2 / images)
    half = z / (1 + z**2 / images) * math.sqrt(p * (1 - p) / images + z**2 / (4 * images**2))
    return 100 * (center - half), 100 * (center + half)


def data_section(view: RunView) -> Section:
    """What was trained on: pictures, and the numbers of images and classes."""
    blocks: list[Block] = []
    data = view.record.data
    rows = [
        [split, str(known['images']), str(len(known.get('classes') or ())) or '-']
        for split, known in data.items()
        if known.get('images') is not None
    ]
    if view.data:
        blocks.append(Gallery(view.data, 'Training images, drawn at random and as they are stored.'))
    table = Grid(Table(['split', 'images', 'classes'], rows, caption='Data'))
    counts = {split: counted for split, known in data.items() if (counted := _counts(known, view.classes)) is not None}
    if rows:
        beside = [Panels([class_counts_panel(counts, view.classes)])] if counts else []
        blocks.append(Beside([table, *beside]))
    return Section('data', 'What was trained on', blocks)


def _counts(known: Mapping[str, Any], classes: Sequence[str]) -> list[int] | None:
    counts = known.get('counts')
    return list(counts) if counts is not None and len(counts) == len(classes) else None


def curves_section(view: RunView) -> Section:
    """Learning curves."""
    panels = curve_panels({view.record.name: [view.record.curves]}, view.record.stages)
    return Section('curves', 'Learning curves', [Panels(panels)] if panels else [])


def classes_section(view: RunView) -> Section:
    """Which classes are found, and what they are taken for."""
    blocks: list[Block] = []
    tables = dict(view.evaluation.tables) if view.evaluation else {}
    confusion = tables.pop('confusion', None)
    beside: list[Grid | Panels] = []
    if confusion is not None and len(confusion['rows']) == len(confusion['columns']) - 1:
        matrix = np.array([row[1:] for row in confusion['rows']], dtype=float)
        names = [str(name) for name in confusion['columns'][1:]]
        beside.append(Panels([confusion_panel(matrix, names)]))
        mistakes = mistakes_table(matrix, names)
        if mistakes.rows and len(names) <= 12:
            blocks.append(Grid(mistakes, folded=True))
    for name, content in tables.items():
        first = name == 'per_class'
        table = table_of(content, 'Scores of each class' if first else name.replace('_', ' ').capitalize())
        (beside if first else blocks).append(Grid(table, folded=not first or len(table.rows) > _ROWS))
    return Section('classes', 'Classes', [Beside(beside), *blocks] if beside else blocks)


def table_of(content: Mapping[str, Any], caption: str = '') -> Table:
    """A table of an evaluation with its numbers written out; what is not defined is a dash.

    Example:
        >>> table_of({'columns': ['class', 'iou', 'pixels'], 'rows': [['sky', 81.24, 9], ['sun', None, 0]]}).rows
        [['sky', '81.2', '9'], ['sun', '-', '0']]
    """
    rows = content['rows']
    places = []
    for column in zip(*rows, strict=True):
        numbers = [abs(value) for value in column if isinstance(value, float)]
        places.append(1 if max(numbers, default=0) > 1 else 3)

    def cell(value: object, digits: int) -> str:
        if value is None:
            return '-'
        return f'{value:.{digits}f}' if isinstance(value, float) else str(value)

    shown = [[cell(value, digits) for value, digits in zip(row, places, strict=True)] for row in rows]
    return Table([str(column) for column in content['columns']], shown, caption=caption)


def mistakes_section(view: RunView) -> Section:
    """Images that a classifier gets wrong."""
    if view.scores is None or view.labels is None or view.picture is None:
        return Section('mistakes', 'Mistakes')
    galleries = mistake_galleries(view.scores, view.labels, view.classes, view.picture, view.names)
    return Section('mistakes', 'Mistakes', galleries or [Prose('No image of the split is classified wrongly.')])


def examples_section(view: RunView) -> Section:
    """Pictures of predicted masks or boxes."""
    if not view.examples:
        return Section('examples', 'Predictions')
    boxes = any(picture.boxes for picture in view.examples)
    told = (
        'Solid orange: predicted, with the score. Dashed blue: true.'
        if boxes
        else 'Of each image: itself, the true mask and the predicted one.'
    )
    gallery = (
        Gallery(view.examples, told, layout='large') if boxes else Gallery(view.examples, told, view.keys, 'triples')
    )
    return Section('examples', 'Predictions', [gallery])


def features_panels(view: RunView) -> list[Panel]:
    """The features in the plane, and their similarities."""
    if view.features is None or view.labels is None or len(view.labels) < 3:
        return []
    methods = ['t-SNE', 'PCA'] if len(view.labels) >= FEWEST_FOR_TSNE else ['PCA']
    panels = [
        embedding_panel(
            method.lower(), f'Features ({method})', view.features, view.labels, view.classes,
            view.picture if method == methods[0] else None, method,
        )
        for method in methods
    ]  # fmt: skip
    some = balanced_sample(view.labels, MOST_PAIRED)
    return [*panels, similarity_panel(similarity_histograms(np.asarray(view.features)[some], view.labels[some]))]


def features_section(view: RunView) -> Section:
    """:func:`features_panels` as a section."""
    panels = features_panels(view)
    return Section('features', 'Features', [Panels(panels)] if panels else [])


def origin_section(view: RunView) -> Section:
    """How to get the same again: command, seed, versions, settings."""
    record = view.record
    blocks: list[Block] = [Source(view.command)] if view.command else []
    facts = {'config': record.config, 'seed': str(record.seed), 'started': record.started}
    facts['checkpoint'] = record.checkpoint or ''
    facts |= {name: str(value) for name, value in record.versions.items() if not isinstance(value, Mapping)}
    blocks.append(Facts({name: value for name, value in facts.items() if value not in ('', 'None')}))
    settings = {**record.overrides, **view.settings}
    rows = [[name, str(value)] for name, value in settings.items()]
    if rows:
        blocks.append(Grid(Table(['setting', 'value'], rows, caption=f'All {len(rows)} settings'), folded=True))
    return Section('origin', 'How to get it again', blocks)


def cost(seconds: float, step_seconds: float | None, peak_bytes: int | None) -> list[tuple[str, str, str]]:
    """Time and memory for a headline.

    Example:
        >>> cost(400.0, 0.02, 3_000_000_000)
        [('training', '6.7 min', '0.02 s a step'), ('memory', '3.0 GB', 'at most')]
    """
    numbers = []
    if seconds:
        numbers.append(('training', shown_time(seconds), f'{step_seconds:.3g} s a step' if step_seconds else ''))
    if peak_bytes:
        numbers.append(('memory', shown_memory(peak_bytes), 'at most'))
    return numbers


SECTIONS = (
    result_section, data_section, curves_section, classes_section, mistakes_section, examples_section,
    features_section, origin_section,
)  # fmt: skip
