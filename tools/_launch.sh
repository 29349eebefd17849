# Sourced by dist_train.sh and dist_test.sh.
source "$(dirname "${BASH_SOURCE[0]}")/find_python.sh"

# launch SCRIPT PROCESSES ARGUMENTS...: several processes on this node, all nodes as the usual variables say
# (NNODES, NODE_RANK, MASTER_ADDR, PORT). Without CUDA devices the processes share the CPU's cores.
launch() {
    local script=$1 processes=$2
    shift 2
    case $processes in
    '' | *[!0-9]* | 0) echo "error: the number of processes must be a positive integer, got '$processes'" >&2 && exit 2 ;;
    esac
    local nodes=${NNODES:-1} where
    if [ "$nodes" = 1 ] && [ -z "${PORT:-}" ]; then
        where=(--standalone)
    else
        where=(--nnodes="$nodes" --node_rank="${NODE_RANK:-0}" --master_addr="${MASTER_ADDR:-127.0.0.1}"
            --master_port="${PORT:-29500}")
    fi
    if [ -z "${OMP_NUM_THREADS:-}" ]; then
        local cores
        cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
        # On GPUs torchrun would choose 1, and say so in five lines.
        command -v nvidia-smi >/dev/null 2>&1 && cores=1
        export OMP_NUM_THREADS=$((cores / processes > 0 ? cores / processes : 1))
    fi
    # What torchrun passes on to its processes, which have 30 seconds to save; by default not SIGUSR1. Older versions
    # do not know the variable and are ended by that signal.
    export PET_SIGNALS_TO_HANDLE=${PET_SIGNALS_TO_HANDLE:-SIGTERM,SIGINT,SIGHUP,SIGQUIT,SIGUSR1}
    exec "$PYTHON" "$ROOT/tools/_launch.py" "${where[@]}" --nproc_per_node="$processes" \
        "$ROOT/tools/$script" "$@" --launcher pytorch
}
