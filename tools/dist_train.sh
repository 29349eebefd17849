#!/usr/bin/env bash
# Train on several GPUs, or CPU processes: bash tools/dist_train.sh CONFIG GPUS [options of train.py]
# Several nodes: the same on each, with NNODES, NODE_RANK, MASTER_ADDR and PORT set.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_launch.sh"
[ $# -ge 2 ] || { echo "usage: bash tools/dist_train.sh CONFIG GPUS [options of train.py]" >&2 && exit 2; }
launch train.py "$2" "$1" "${@:3}"
