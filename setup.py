"""Installation of cft; ``tools/setup_env.sh`` does it on a fresh machine."""

import os
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
# OpenMMLab's packages carry their configs and tools in this folder, and its tools look for them there.
SHIPPED = Path('cft', '.mim')
# These set up a checkout.
CHECKOUT_ONLY = {'setup_env.sh', 'quickstart.sh', 'run_tests.sh', 'lint.sh', 'check_versions.sh', 'check_wheel.sh'}
VERSION = next(
    line.split("'")[1]
    for line in (ROOT / 'cft' / '__init__.py').read_text().splitlines()
    if line.startswith('__version__')
)


class BuildWithConfigs(build_py):
    """Copies ``configs`` and ``tools`` into the package; an editable installation finds them in the checkout."""

    def shipped_files(self) -> list[str]:
        files = [path for folder in ('configs', 'tools') for path in Path(folder).rglob('*')]
        kinds = ('.py', '.sh', '.md', '.png', '.svg', '.json', '.yaml', '.yml')
        return sorted(str(path) for path in files if path.suffix in kinds and path.name not in CHECKOUT_ONLY)

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            for file in self.shipped_files():
                target = Path(self.build_lib, SHIPPED, file)
                target.parent.mkdir(parents=True, exist_ok=True)
                self.copy_file(file, str(target))

    def get_source_files(self) -> list[str]:
        # For source distributions, from which a wheel is built in turn.
        return [*super().get_source_files(), *self.shipped_files()]

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        shipped = [] if self.editable_mode else self.shipped_files()
        outputs = super().get_outputs(include_bytecode)
        return [*outputs, *(os.path.join(self.build_lib, SHIPPED, file) for file in shipped)]


setup(
    name='cft-contrastive-tuning',
    version=VERSION,
    description='Contrastive fine-tuning of self-supervised visual models, on MMEngine',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    packages=find_packages(include=['cft', 'cft.*', 'cft_cli']),
    package_data={'cft.datasets': ['*.txt'], 'cft.visualization': ['templates/*']},
    cmdclass={'build_py': BuildWithConfigs},
    entry_points={'console_scripts': ['cft = cft_cli:main']},
    # torchvision shuts 3.14.1 out.
    python_requires='>=3.10,<3.15,!=3.14.1',
    # torch 2.6 made loading without unpickling safe by allow-lists of names. The maintained
    # distributions of the OpenMMLab libraries keep their import names.
    install_requires=[
        'torch>=2.6,<2.16',
        'torchvision>=0.21,<0.30',
        'onedl-mmengine>=0.10.12,<0.11',
        'onedl-mmcv>=2.3.6,<2.4',
        'onedl-mmpretrain>=1.3.6,<1.4',
        'onedl-mmsegmentation>=1.4.2,<1.5',
        'onedl-mmdetection>=3.5.1,<3.6',
        # The segmentation library needs NumPy 2; the others' first releases for it follow.
        'numpy>=2.0.1',
        'scikit-learn>=1.5',
        'scipy>=1.13',
        'matplotlib>=3.9',
        'opencv-python>=4.10.0.84',
        'Pillow>=10',
        'rich>=13',
        'PyYAML>=6',
        'safetensors>=0.4.3',
        'timm>=1.0.20,<1.1',
        'optuna>=5,<6',
        'submitit>=1.5,<2',
        'Jinja2>=3.1',
    ],
    extras_require={
        'tests': [
            'pytest>=8',
            'pytest-xdist>=3.7',
            'onnx>=1.17',
            'onnxruntime>=1.20',
            'onnxscript>=0.3',
            'tensorboard>=2.16',
            # Builds of PyTorch for CPUs alone come without.
            'triton>=3.2; platform_system == "Linux"',
            'wandb>=0.19',
            'mlflow-skinny>=3',
            'adversarial-robustness-toolbox>=1.20,<1.21',
            # Oracles: of labels, of measures.
            'labelformat>=0.1.17',
            'pytorch-metric-learning>=2.6',
            's-dbw>=0.4',
            'torchmetrics>=1.4',
        ],
        # The rules and their findings change with the versions.
        'lint': ['ruff>=0.17.6,<0.18', 'mypy>=2.4,<2.5', 'pre-commit>=4'],
        'onnx': ['onnx>=1.17', 'onnxruntime>=1.20', 'onnxscript>=0.3'],
        'tensorboard': ['tensorboard>=2.16'],
        'wandb': ['wandb>=0.19'],
        'mlflow': ['mlflow-skinny>=3'],
        'benchmarks': ['lightly>=1.6', 'pytorch-metric-learning>=2.6', 's-dbw>=0.4', 'torchmetrics>=1.4'],
        # Attacks of other authors; the parts that are used have been tested with this version.
        'robust': ['adversarial-robustness-toolbox>=1.20,<1.21'],
        # With Chromium, the tests look at the pages.
        'browser': ['playwright>=1.40'],
    },
)
