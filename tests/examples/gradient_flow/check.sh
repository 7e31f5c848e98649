#!/usr/bin/env bash
# check.sh vanishes|explodes|options PROGRAM
#   vanishes  by default the RNN's gradient dies within 100 steps and the LSTM's lives longer, a larger forget bias
#             longest; the report has a row for every 5th step
#   explodes  with a gain of 2 the RNN's grows without measure; what is no number any more is reported with its place
#   options   any length, also one step; bad options give one clear line
set -uo pipefail
mode=$1
program=$2
source "$(dirname "$0")/../checks.sh"

# The power of ten of the RNN (2) or the LSTM (3) at a step, rounded to a whole number.
power() {
  tr -d '#' <"$work/out" | awk -v step="$1" -v field="$2" '$1 == step { printf "%.0f", $field }'
}
between() {  # LOW VALUE HIGH
  [[ -n $2 && $1 -le $2 && $2 -le $3 ]] || fail "$2 is not from $1 to $3"
}

check_vanishes() {
  succeed
  has_line "log10 of \|dL/dh\|, relative to the last step's; # is 0\.[0-9]{2}"
  has_lines 21 ' +[0-9]+ +-?[0-9]+\.[0-9] #* +-?[0-9]+\.[0-9] #*'
  between 0 "$(power 100 2)" 0
  between 0 "$(power 100 3)" 0
  between -12 "$(power 1 2)" -8
  between -6 "$(power 1 3)" -3
  succeed --forget-bias 3
  between -1 "$(power 1 3)" 2
}

check_explodes() {
  succeed --gain 2
  between 4 "$(power 1 2)" 8
  between 0 "$(power 1 3)" 3
  refuse "is not finite at step" --gain 100 --steps 4000
}

check_options() {
  local steps option value
  for steps in 1 2 19 20 21 1000; do
    succeed --steps "$steps" --hidden 3 --seed 7
    has_lines 1 " +$steps +-?0\.0 #* +-?0\.0 #*"
    has_lines 1 " +1 +-?[0-9]+\.[0-9] #* +-?[0-9]+\.[0-9] #*"
  done
  succeed --gain 0
  for option in --steps --hidden; do
    for value in 0 -3 1.5 x "" 99999999999999999999; do refuse "$option" "$option" "$value"; done
  done
  for value in -1 101 x ""; do refuse --gain --gain "$value"; done
  for value in -101 101 x ""; do refuse --forget-bias --forget-bias "$value"; done
  for value in -1 x ""; do refuse --seed --seed "$value"; done
  refuse --unknown --unknown
  refuse junk junk
  succeed --help
}

"check_$mode"
finish
