#!/usr/bin/env bash
# check.sh knows|options PROGRAM
#   knows    forward, three quarters of the answers are right, and all at the end of the row, where nothing comes after;
#            in both directions all are; the numbers and the picture are written
#   options  any length, a quick run; bad options give one clear line
set -uo pipefail
mode=$1
program=$2
source "$(dirname "$0")/../checks.sh"

check_knows() {
  succeed --plot "$work/plot"
  has_line 'forward +[0-9]+ +7[4-8]\.[0-9]% +(9[5-9]\.[0-9]|100\.0)%'
  has_line 'both directions +[0-9]+ +(99\.[0-9]|100\.0)% +(99\.[0-9]|100\.0)%'
  [[ $(wc -l <"$work/plot/both_directions.csv") == 21 ]] || fail "not 21 lines in both_directions.csv"
  if command -v gnuplot >/dev/null; then
    grep -q '</svg>' "$work/plot/both_directions.svg" || fail "no picture"
  fi
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
