#!/bin/bash
#SBATCH --job-name=lookalike
#SBATCH --array=0-15
#SBATCH --cpus-per-task=4
#SBATCH --mem=4G
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=lookalike-%A-%a.log
#
# Index PICTURES into ADDRESS with 16 workers. The number 16 stands at two places: --array, counted
# from 0, and LOOKALIKE_SHARDS. Parts that are to be done again: sbatch --array=3,7 slurm.sh
set -euo pipefail
: "${PICTURES:?a folder that all nodes see under this path}"
: "${ADDRESS:?such as milvus://db.example.org:19530/photos}"
: "${REPORT:?a folder that all nodes can write to}"
export LOOKALIKE_SHARDS=${LOOKALIKE_SHARDS:-16}

for pause in 30 60 120 240 480 0; do
    status=0
    lookalike index "$PICTURES" -c "$ADDRESS" --shard auto --report "$REPORT" "$@" || status=$?
    # 3: the server, the network or a disk failed, which may pass. Slurm does not try again itself.
    [ "$status" -eq 3 ] && [ "$pause" -gt 0 ] || break
    sleep "${PAUSE:-$pause}"
done
# 1: some pictures failed. The merged report has them; trying again would not help.
[ "$status" -eq 1 ] || exit "$status"
