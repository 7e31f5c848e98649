#!/usr/bin/env bash
# check.sh learns|options PROGRAM
#   learns   after 1000 updates it is right on nearly all new sequences, after one on about half
#   options  bad options give one clear line
set -uo pipefail
mode=$1
program=$2
source "$(dirname "$0")/../checks.sh"

right() { sed -n 's/^right on \([0-9]*\) of 1000 new sequences$/\1/p' "$work/out"; }

check_learns() {
  succeed --updates 1
  has_line 'CoupledGateLstm, 881 parameters: is the first of 30 numbers positive\?'
  has_lines 1 'update +[0-9]+: loss [0-9]\.[0-9]{4}'
  [[ $(right) -lt 700 ]] || fail "right without training"
  succeed
  has_lines 11 'update +[0-9]+: loss [0-9]\.[0-9]{4}'
  [[ $(right) -gt 900 ]] || fail "has not learned: $(tail -n 1 "$work/out")"
}

check_options() {
  local value
  refuse_counts --updates
  for value in -1 x ""; do refuse --seed --seed "$value"; done
  refuse --unknown --unknown
  refuse junk junk
  succeed --help
}

"check_$mode"
finish
