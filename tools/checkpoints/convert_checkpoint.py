"""Write the backbone of a checkpoint in OpenMMLab's names, as the command does: cft convert FILE OUT."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cft_cli.convert import main

if __name__ == '__main__':
    main()
