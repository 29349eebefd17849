"""A made-up comparison of the form that the quickstart stores."""

import numpy as np
import pytest


@pytest.fixture
def make_results():
    """Factory of results: ``make_results(draws=3, embeddings=True)``."""

    def make(draws: int = 3, embeddings: bool = True) -> dict:
        generator = np.random.default_rng(0)
        names = {'ce_scratch': 'CE from scratch', 'ce': 'CE', 'scl': 'SCL', 'coin': 'COIN'}
        runs = []
        for key in names:
            for draw in range(draws):
                losses = {'step': [20, 40], 'loss_ce': [0.0 if key == 'coin' else 2.0, 1.0]}
                if key in ('scl', 'coin'):
                    losses['loss_con'] = [3.0, 2.5 + 0.1 * draw]
                run = {'method': key, 'draw': draw, 'accuracy': float(generator.uniform(88, 96))}
                run |= {'tightness': float(generator.uniform(0.1, 0.3)), 'step_time': 0.01, 'losses': losses}
                runs.append(run | {'curve': {'step': [20, 40], 'accuracy': [70.0 + draw, 90.0 + 2 * draw]}})
        results = {
            'title': 'Quickstart',
            'command': 'bash tools/quickstart.sh',
            'created': '2026-01-31',
            'versions': {'torch': '2.11.0', 'numpy': '2.2.6'},
            'data': 'Small images of digits.',
            'baseline': 'ce',
            'knn': {'k': 20, 'random': 83.0, 'pretrained': 98.4, 'pixels': 96.1},
            'methods': [{'key': key, 'name': name} for key, name in names.items()],
            'runs': runs,
            'pretraining': {'step': list(range(100)), 'loss': list(np.linspace(6, 4, 100))},
        }
        if embeddings:
            panels = [{'name': name, 'points': generator.normal(size=(30, 2)).tolist()} for name in ('before', 'CE')]
            results['embeddings'] = {'labels': [index % 10 for index in range(30)], 'panels': panels}
        return results

    return make
