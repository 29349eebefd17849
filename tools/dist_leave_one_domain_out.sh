#!/usr/bin/env bash
# tools/leave_one_domain_out.py on several GPUs, or CPU processes:
# bash tools/dist_leave_one_domain_out.sh GPUS CONFIG [CONFIG ...] [options of leave_one_domain_out.py]
# The configs' batch sizes are per process. Several nodes: as with dist_train.sh, on a disk that all of them see.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_launch.sh"
[ $# -ge 2 ] || { echo "usage: bash tools/dist_leave_one_domain_out.sh GPUS CONFIG [CONFIG ...] [options]" >&2 && exit 2; }
launch leave_one_domain_out.py "$@"
