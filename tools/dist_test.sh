#!/usr/bin/env bash
# Test on several GPUs, or CPU processes: bash tools/dist_test.sh CONFIG CHECKPOINT GPUS [options of test.py]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_launch.sh"
[ $# -ge 3 ] || { echo "usage: bash tools/dist_test.sh CONFIG CHECKPOINT GPUS [options of test.py]" >&2 && exit 2; }
launch test.py "$3" "$1" "$2" "${@:4}"
