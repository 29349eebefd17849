# Sourced by quickstart.sh and run_tests.sh: a Python environment with cft in it.
#
#   prepare_environment [EXTRA]   makes $CFT_VENV (default: .venv in the checkout) if need be, installs
#                                 cft[EXTRA] into it if setup.py or the constraints changed, sets $PYTHON.
#
# CFT_CONSTRAINTS=oldest or newest takes constraints_oldest.txt or constraints_newest.txt, the ends of setup.py's
# ranges, instead of constraints.txt, the set that the tests run with.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
NEEDED_GB=7

fail() {
    echo "error: $*" >&2
    exit 1
}

find_constraints() {
    CONSTRAINTS=$ROOT/tools/constraints${CFT_CONSTRAINTS:+_$CFT_CONSTRAINTS}.txt
    [ -f "$CONSTRAINTS" ] || fail "CFT_CONSTRAINTS=$CFT_CONSTRAINTS: it is oldest, newest, or not set"
}

# The Pythons of each set are those that its torch, torchvision and NumPy have wheels for; torchvision refuses 3.14.1.
find_python() {
    local candidate first=10 last=14
    case ${CFT_CONSTRAINTS:-} in
    oldest) last=12 ;;
    newest) first=11 ;;
    esac
    for candidate in "${PYTHON:-}" python3 python3.{14,13,12,11,10} python; do
        if [ -n "$candidate" ] && "$candidate" -c "import sys
sys.exit(not ((3, $first) <= sys.version_info[:2] <= (3, $last)) or sys.version_info[:3] == (3, 14, 1))" \
            >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
    fail "no Python 3.$first to 3.$last (and not 3.14.1) found; install one, or name it: PYTHON=/path/to/python3.12 bash $0"
}

# One line of what pip is doing on a terminal, a line every half minute elsewhere.
show_progress() {
    local pid=$1 log=$2
    while kill -0 "$pid" 2>/dev/null; do
        if [ -t 1 ]; then
            printf '\r\033[K  %3ds  %.100s' $((SECONDS - INSTALL_START)) "$(tail -n 1 "$log" | tr -d '\r')"
            sleep 1
        else
            sleep 5
            [ $(((SECONDS - INSTALL_START) % 30)) -lt 5 ] && echo "  still installing, $((SECONDS - INSTALL_START)) s"
        fi
    done
    if [ -t 1 ]; then printf '\r\033[K'; fi
}

pip_install() {
    local log=$VENV/cft-install.log
    "$VENV/bin/python" -m pip install --disable-pip-version-check --no-input "$@" >>"$log" 2>&1 &
    local pid=$!
    show_progress "$pid" "$log"
    wait "$pid" && return
    if grep -q 'No space left' "$log"; then
        fail "the disk is full; free $NEEDED_GB GB or set CFT_VENV to a folder on another disk"
    elif grep -qE 'Failed to establish|Temporary failure|Network is unreachable|Max retries|ProxyError|timed out|No matching distribution' "$log"; then
        fail "packages could not be downloaded; check the network or pip's index settings (log: $log)"
    fi
    fail "installation failed: $(grep -m 1 -i error "$log" || tail -n 1 "$log") (log: $log)"
}

# The libraries require opencv-python and opencv-python-headless, which write the same files. The first needs libGL,
# which servers and containers lack; the second does all that is used here.
keep_opencv_headless() {
    local version
    "$VENV/bin/python" -c 'import cv2' >/dev/null 2>&1 && return
    version=$("$VENV/bin/python" -c \
        "from importlib.metadata import version; print(version('opencv-python-headless'))") || return 0
    pip_install --force-reinstall --no-deps "opencv-python-headless==$version"
}

prepare_environment() {
    local extra=${1:-}
    VENV=${CFT_VENV:-$ROOT/.venv}
    local wanted
    find_constraints
    wanted=$(cat "$ROOT/setup.py" "$CONSTRAINTS" <(echo "$ROOT") | cksum)
    if ! "$VENV/bin/python" -c '' >/dev/null 2>&1; then
        local base
        base=$(find_python) || exit 1
        mkdir -p "$VENV" 2>/dev/null || fail "cannot write to $VENV; set CFT_VENV to another folder"
        local free
        free=$(($(df -Pk "$VENV" | awk 'NR == 2 {print $4}') / 1048576))
        [ "$free" -ge "$NEEDED_GB" ] ||
            fail "$free GB free for $VENV, $NEEDED_GB GB needed; free some or set CFT_VENV to another disk"
        "$base" -m venv "$VENV" >/dev/null 2>&1 ||
            fail "$base -m venv $VENV does not work; install Python's venv module (Debian: python3-venv)"
    fi
    local stamp=$VENV/.cft-installed
    if [ "$(cat "$stamp$extra" 2>/dev/null)" != "$wanted" ]; then
        echo "Installing into $VENV (once; about 3 minutes and 5 GB)"
        : >"$VENV/cft-install.log"
        INSTALL_START=$SECONDS
        # torch and torchvision as a pair; mmcv apart, as a cached wheel of it may hold compiled operators.
        pip_install -c "$CONSTRAINTS" torch torchvision
        pip_install --no-cache-dir --no-deps -c "$CONSTRAINTS" onedl-mmcv
        pip_install -c "$CONSTRAINTS" -e "$ROOT${extra:+[$extra]}"
        keep_opencv_headless
        echo "$wanted" >"$stamp"
        echo "$wanted" >"$stamp$extra"
    fi
    PYTHON=$VENV/bin/python
}
