#!/usr/bin/env bash
# Train under Slurm: bash tools/slurm_train.sh PARTITION JOB_NAME CONFIG [options of train.py]
# GPUS (8), GPUS_PER_NODE (8), CPUS_PER_TASK (5) and SRUN_ARGS as in OpenMMLab's scripts.
# With SRUN_ARGS="--signal=USR1@120" Slurm sends SIGUSR1 to the tasks two minutes before the time is over: they save
# and exit with code 75, and the same command with --resume continues. srun passes on what it receives itself.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/find_python.sh"
[ $# -ge 3 ] || { echo "usage: bash tools/slurm_train.sh PARTITION JOB_NAME CONFIG [options]" >&2 && exit 2; }
command -v srun >/dev/null || { echo "error: no srun here; on one machine use tools/dist_train.sh" >&2 && exit 2; }
GPUS=${GPUS:-8}
GPUS_PER_NODE=${GPUS_PER_NODE:-8}
[ "$GPUS" -lt "$GPUS_PER_NODE" ] && GPUS_PER_NODE=$GPUS
exec srun -p "$1" --job-name="$2" --gres="gpu:$GPUS_PER_NODE" --ntasks="$GPUS" --ntasks-per-node="$GPUS_PER_NODE" \
    --cpus-per-task="${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
    "$PYTHON" -u "$ROOT/tools/train.py" "$3" --launcher slurm "${@:4}"
