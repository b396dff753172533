#!/usr/bin/env bash
# Runs benches/bench.py, with the pinned peers in target/venv-bench unless they take no part.
#
#     usage: scripts/bench.sh [--quick] [--no-peers] [other options: --help]

source "$(dirname "$0")/common.sh"
export PYTHONDONTWRITEBYTECODE=1
python=python3
case " $* " in
    *" --quick "* | *" --no-peers "* | *" --help "*) ;;
    *) python=$("$root/scripts/venv.sh" bench)/bin/python ;;
esac
exec "$python" "$root/benches/bench.py" "$@"
