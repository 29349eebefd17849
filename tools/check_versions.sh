#!/usr/bin/env bash
# Does cft work at both ends of setup.py's ranges? bash tools/check_versions.sh [SET:PYTHON ...]
#
# For each pair, such as oldest:python3.10 or newest:/usr/bin/python3.13, one after another: a new environment, cft
# installed into it with tools/constraints_SET.txt (pinned: tools/constraints.txt), pip check, a part of the tests, the
# short quickstart; then the environment goes, as each takes 6 GB. Without pairs: the oldest set with the lowest
# Python at hand, and the newest set with each, of those that the set has releases for (tools/setup_env.sh says which).
# A table of the results comes last; the exit status is 0 if all of it is ok. A pair takes 10 to 30 minutes on two cores.
#
#   CFT_CHECK_DIR=DIR     where environments and logs go; default: a new folder under ${TMPDIR:-/tmp}
#   CFT_CHECK_TESTS=...   what pytest runs; default: tests/ops tests/models tests/checkpoints; "tests" is everything
#   CFT_CHECK_KEEP=1      keep the environments
#
# Where the system has other Pythons than one wants to check, a Debian release in a folder has its own:
# debootstrap --include=python3-venv,procps,git trixie DIR, mount --bind /proc DIR/proc, chroot DIR.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup_env.sh"
DIR=${CFT_CHECK_DIR:-$(mktemp -d)}
mkdir -p "$DIR" || exit 1
read -ra TESTS <<<"${CFT_CHECK_TESTS:-tests/ops tests/models tests/checkpoints}"

pythons_for() {
    local candidate version versions=' '
    for candidate in python3.{10..14} python3; do
        # find_python would go on to others.
        version=$("$candidate" -c 'import sys; print(*sys.version_info[:3], sep=".")' 2>/dev/null) || continue
        case $versions in *" $version "*) continue ;; esac
        versions+="$version "
        [ "$(CFT_CONSTRAINTS=$1 PYTHON=$candidate find_python 2>/dev/null)" = "$candidate" ] && echo "$1:$candidate"
    done
}

# step NAME COMMAND...: ok or failed, with the output in the pair's log
step() {
    local name=$1
    shift
    echo "== $name: $*" >>"$log"
    "$@" >>"$log" 2>&1 && echo ok || echo failed
}

check() {
    local set=$1 python=$2 number=$3 log=$DIR/$1-$3.log venv=$DIR/venv-$1-$3 versions=- install tests=- quickstart=-
    [ "$set" != pinned ] || set=
    : >"$log"
    install=$(step install env PYTHON="$python" CFT_VENV="$venv" CFT_CONSTRAINTS="$set" \
        bash -c 'source "$0/tools/setup_env.sh" && prepare_environment tests && "$PYTHON" -m pip check' "$ROOT")
    if [ "$install" = ok ]; then
        versions=$("$venv/bin/python" - 2>>"$log" <<'PYTHON'
import platform
from importlib.metadata import version

print(platform.python_version(), version('torch'), version('torchvision'), version('numpy'), sep=' | ')
PYTHON
        )
        tests=$(cd "$ROOT" && OMP_NUM_THREADS=1 step tests "$venv/bin/python" -m pytest -q -p no:cacheprovider "${TESTS[@]}")
        tests+=", $(grep -E '[0-9]+ (passed|failed|error)' "$log" | tail -n 1 | sed 's/ in .*//; s/^=* *//')"
        quickstart=$(cd "$DIR" && step quickstart "$venv/bin/python" "$ROOT/tools/quickstart.py" --short \
            --work-dir "$DIR/quickstart-$1-$number")
    else
        versions="$("$python" -V 2>&1) | - | - | -"
        install+=": $(grep -m 1 '^error: ' "$log" | cut -c 1-120)"
    fi
    [ -n "${CFT_CHECK_KEEP:-}" ] || rm -rf "$venv"
    echo "$1 | $versions | $install | $tests | $quickstart" | tee -a "$DIR/results.txt"
}

if [ $# -eq 0 ]; then
    mapfile -t newest < <(pythons_for newest)
    mapfile -t oldest < <(pythons_for oldest | head -n 1)
    set -- "${oldest[@]}" "${newest[@]}"
fi
[ $# -gt 0 ] || fail "no Python 3.10 to 3.14 found; name one: bash tools/check_versions.sh newest:/path/to/python3"
echo "logs: $DIR"
: >"$DIR/results.txt"
number=0
for pair in "$@"; do
    case $pair in oldest:?* | pinned:?* | newest:?*) ;; *) fail "$pair: give SET:PYTHON, with oldest, pinned or newest" ;; esac
    number=$((number + 1))
    echo "checking $pair"
    check "${pair%%:*}" "${pair#*:}" "$number" >/dev/null
done
echo
{
    echo 'set | Python | torch | torchvision | NumPy | install | tests | short quickstart'
    cat "$DIR/results.txt"
} | column -t -s '|' -o '|' 2>/dev/null || cat "$DIR/results.txt"
! grep -q failed "$DIR/results.txt"
