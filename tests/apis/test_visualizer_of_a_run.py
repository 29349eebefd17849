"""Runs of one process: each writes its records into its own folder."""

from pathlib import Path

from cft.apis import build_runner, load_config


def test_a_visualizer_that_the_config_names(tmp_path: Path) -> None:
    """As those of segmentation and detection are named."""
    folders = []
    for name in ('first', 'second'):
        settings = {'work_dir': str(tmp_path / name), 'visualizer.name': 'visualizer'}
        runner = build_runner(load_config('quickstart/ce_digits', settings))
        assert runner.cfg.visualizer.name == 'visualizer'
        runner.visualizer.add_scalar('loss', 1.0)
        folders.append({file.relative_to(tmp_path).parts[0] for file in tmp_path.rglob('scalars.json')})
    assert folders == [{'first'}, {'first', 'second'}]
