"""Processes that begin with everything imported: forked from one that has done so, and has no threads."""

import multiprocessing
import multiprocessing.forkserver
import os
from pathlib import Path
from unittest import mock

# Whatever a run or a worker of a test imports at its start.
import matplotlib.pyplot  # noqa: F401
import mmpretrain.engine
import mmpretrain.visualization  # noqa: F401
import sklearn.datasets  # noqa: F401
import yapf.yapflib.yapf_api  # noqa: F401

import cft.apis.evaluation.evaluating
import cft.apis.running.planning
import cft.datasets
import cft.engine.hooks
import cft.engine.loops
import cft.models  # noqa: F401

ROOT = Path(__file__).resolve().parents[2]


def launcher() -> multiprocessing.context.ForkServerContext:
    """Starts processes; the first of a session imports."""
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload([__name__])
    # Where it looks for this module.
    with mock.patch.dict(os.environ, PYTHONPATH=str(ROOT)):
        multiprocessing.forkserver.ensure_running()
    return context
