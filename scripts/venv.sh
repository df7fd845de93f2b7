# Sourced by the scripts beside it: finds a Python that is new enough and makes a virtual
# environment beside the code.

# Print the path of a Python >= 3.11: $PYTHON when set, else the first that is found.
find_python() {
    local candidate path
    local candidates=(python3 python3.14 python3.13 python3.12 python3.11 python)
    [ -z "${PYTHON:-}" ] || candidates=("$PYTHON")
    for candidate in "${candidates[@]}"; do
        path=$(command -v "$candidate" 2>/dev/null) || continue
        if "$path" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$path"
            return
        fi
    done
    {
        echo "lookalike needs Python 3.11 or newer, and none was found."
        echo "Found: $("${PYTHON:-python3}" --version 2>&1 || echo 'none')."
        echo "Install a newer one, or name it: PYTHON=/path/to/python3.12 $0"
    } >&2
    return 1
}

# make_venv FOLDER PIP_ARGUMENTS…: make the virtual environment FOLDER when it is missing or
# broken, and install into it when pyproject.toml or the arguments have changed since.
make_venv() {
    local folder=$1 python state
    shift
    if ! "$folder/bin/python" -c 'import pip' 2>/dev/null; then
        python=$(find_python) || return 1
        if ! "$python" -m venv --clear "$folder"; then
            echo "$python cannot make virtual environments; on Debian and Ubuntu install" \
                "python3-venv" >&2
            return 1
        fi
    fi
    state="$(cksum < pyproject.toml) $*"
    if [ "$(cat "$folder/installed" 2>/dev/null)" != "$state" ]; then
        # Dependency groups came with pip 25.1.
        "$folder/bin/python" -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
        "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
        echo "$state" > "$folder/installed"
    fi
}
