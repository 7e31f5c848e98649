#!/usr/bin/env bash
# check.sh vanishes|explodes|options PROGRAM
#   vanishes  with a spectral radius of 0.9 the RNN's gradient dies within 100 steps and the LSTM's lives longer; with
#             open gates the LSTM's and the GRU's hardly shrink; the report has a row for every 5th step
#   explodes  with a radius of 2 the RNN's grows without measure, the others' do not; what is no number any more is
#             reported with its place
#   options   any length, also one step; bad options give one clear line
set -uo pipefail
mode=$1
program=$2
source "$(dirname "$0")/../checks.sh"

# The power of ten of the RNN (2, 5), the LSTM (3, 6) or the GRU (4, 7) with the first radius or the second at a step,
# rounded to a whole number.
power() {
  awk -v step="$1" -v field="$2" '$1 == step { printf "%.0f", $field }' "$work/out"
}
between() {  # LOW VALUE HIGH
  [[ -n $2 && $1 -le $2 && $2 -le $3 ]] || fail "$2 is not from $1 to $3"
}

check_vanishes() {
  succeed
  has_line "log10 of \|dL/dh\|, relative to the last step's; .*"
  has_line ' +0\.9 +0\.9 +0\.9 +2 +2 +2'
  has_lines 21 ' +[0-9]+( +-?[0-9]+\.[0-9]){6}'
  local field
  for field in 2 3 4 5 6 7; do between 0 "$(power 100 $field)" 0; done
  between -12 "$(power 1 2)" -8
  between -6 "$(power 1 3)" -3
  succeed --forget-bias 3 --update-bias 3
  between -1 "$(power 1 3)" 2
  between -4 "$(power 1 4)" 2
}

check_explodes() {
  succeed --plot "$work/plot"
  between 4 "$(power 1 5)" 8
  between -1 "$(power 1 6)" 3
  between -4 "$(power 1 7)" 3
  [[ $(wc -l <"$work/plot/gradient_flow.csv") == 101 ]] || fail "not 101 lines in gradient_flow.csv"
  if command -v gnuplot >/dev/null; then
    grep -q '</svg>' "$work/plot/gradient_flow.svg" || fail "no picture"
  fi
  refuse "is not finite at step" --radius 100 --steps 4000
}

check_options() {
  local steps option value
  for steps in 1 2 19 20 21 1000; do
    succeed --steps "$steps" --hidden 3 --seed 7
    has_lines 1 " +$steps( +-?0\.0){6}"
    has_lines 1 ' +1( +-?[0-9]+\.[0-9]){6}'
  done
  succeed --quick --radius 0 1 1.5
  has_line ' +30( +-?0\.0){9}'
  refuse_counts --steps --hidden
  for value in -1 101 x ""; do refuse --radius --radius "$value"; done
  for option in --forget-bias --update-bias; do
    for value in -101 101 x ""; do refuse "$option" "$option" "$value"; done
  done
  for value in -1 x ""; do refuse --seed --seed "$value"; done
  refuse --unknown --unknown
  refuse junk junk
  succeed --help
}

"check_$mode"
finish
