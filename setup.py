"""Installation of cft; ``tools/setup_env.sh`` does it on a fresh machine."""

from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION = next(
    line.split("'")[1]
    for line in (ROOT / 'cft' / '__init__.py').read_text().splitlines()
    if line.startswith('__version__')
)

setup(
    name='cft-contrastive-tuning',
    version=VERSION,
    description='Contrastive fine-tuning of self-supervised visual models, on MMEngine',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    packages=find_packages(include=['cft', 'cft.*']),
    package_data={'cft.datasets': ['*.txt']},
    python_requires='>=3.10,<3.13',
    # torch 2.6 made loading without unpickling safe by allow-lists of names. The maintained
    # distributions of the OpenMMLab libraries keep their import names.
    install_requires=[
        'torch>=2.6,<2.12',
        'torchvision>=0.21,<0.27',
        'onedl-mmengine>=0.10.12,<0.11',
        'onedl-mmcv>=2.3.6,<2.4',
        'onedl-mmpretrain>=1.3.6,<1.4',
        'onedl-mmsegmentation>=1.4.2,<1.5',
        'onedl-mmdetection>=3.5.1,<3.6',
        'numpy>=1.26',
        'scikit-learn>=1.4',
        'scipy>=1.11',
        'matplotlib>=3.8',
        'opencv-python>=4.8',
        'Pillow>=10',
        'rich>=13',
        'safetensors>=0.4.3',
    ],
    extras_require={
        'tests': ['pytest>=8', 'pytest-xdist>=3.7'],
        'tensorboard': ['tensorboard>=2.16'],
        'benchmarks': ['pytorch-metric-learning>=2.6'],
    },
)
