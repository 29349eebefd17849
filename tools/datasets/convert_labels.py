"""Make COCO JSON of the labels of CVAT, LabelMe or YOLO; ``cft import`` is the same.

python tools/datasets/convert_labels.py FORMAT IN OUT [--images DIR] [--copy-images] [--masks]
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cft_cli.import_labels import main

if __name__ == '__main__':
    main(prog='convert_labels.py')
