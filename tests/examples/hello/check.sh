#!/usr/bin/env bash
# check.sh PROGRAM: it says what it heard three steps ago.
set -uo pipefail
program=$1
source "$(dirname "$0")/../checks.sh"

succeed
has_lines 4 'epoch +[0-9]+: loss 0\.00[0-9]{3}'
has_lines 8 'heard 0\.[0-9], says 0\.[0-9]'
heard=($(sed -n 's/^heard \([^,]*\),.*/\1/p' "$work/out"))
says=($(sed -n 's/^heard .* says //p' "$work/out"))
for ((t = 3; t < 8; ++t)); do
  [[ ${says[t]} == "${heard[t - 3]}" ]] || fail "step $t: says ${says[t]}, heard ${heard[t - 3]}"
done
finish
