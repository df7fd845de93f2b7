#!/bin/bash
# Index PICTURES into ADDRESS with N workers on this machine, then say what they did.
set -euo pipefail
: "${PICTURES:?a folder}" "${ADDRESS:?such as milvus://localhost:19530/photos}"
: "${REPORT:?a folder for the reports}"
N=${N:-4}

for ((part = 0; part < N; part++)); do
    lookalike index "$PICTURES" -c "$ADDRESS" --shard "$part/$N" --report "$REPORT" "$@" \
        >"part-$part.log" 2>&1 &
done
# The report says how each of them ended.
wait
lookalike report "$REPORT"
