#!/usr/bin/env bash
# check.sh learns|options PROGRAM
#   learns   both heads learn with a memory, and not without one
#   options  any length, a quick run; bad options give one clear line
set -uo pipefail
mode=$1
program=$2
source "$(dirname "$0")/../checks.sh"

check_learns() {
  succeed
  has_line 'the same answer always +0 +2[0-9]\.[0-9]% +[45]\.[0-9]+'
  has_line 'no memory +[0-9]+ +[34][0-9]\.[0-9]% +[345]\.[0-9]+'
  has_line 'an LSTM +[0-9]+ +(9[89]\.[0-9]|100\.0)% +[01]\.[0-9]+'
}

check_options() {
  succeed --quick --epochs 1
  cp "$work/out" "$work/one"
  succeed --quick --epochs 1 --seed 2
  cmp -s "$work/out" "$work/one" && fail "another seed gives the same numbers"
  succeed --steps 1 --epochs 1
  refuse_counts --steps --rows --epochs
  refuse --seed --seed -1
  refuse --quick --quick --rows 3
  refuse junk junk
  succeed --help
}

"check_$mode"
finish
