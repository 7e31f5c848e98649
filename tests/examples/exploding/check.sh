#!/usr/bin/env bash
# check.sh cures|files|options PROGRAM
#   cures    without clipping the larger networks end in NaN, which is reported with its place, and the smallest learns;
#            clipped, all learn
#   files    the numbers and the picture are written where asked for
#   options  bad options give one clear line
set -uo pipefail
mode=$1
program=$2
source "$(dirname "$0")/../checks.sh"

check_cures() {
  local number='[0-9]\.?[0-9]*(e[+-][0-9]+)?' place
  place='stopped: epoch [0-9]+, batch 1: the (loss|gradient) is not finite: 0\.[0-2]\.Rnn: gate a of sample [0-9]+ is'
  place+=' not finite at step [0-9]+ \((forward|backward)\)'
  succeed --quick
  has_line " +3 +32 +0 +$place"
  has_line " +1 +32 +0 +$place"
  # A loss of 0.0 to 0.5, where guessing has 1.
  for run in '3 +32 +1' '1 +32 +1' '1 +8 +0' '1 +8 +1'; do
    has_line " +$run +loss 0\.[0-4][0-9]* on fresh series; largest gradient $number"
  done
  has_lines 6 ' +[13] +(8|32) +[01] .*'
  succeed --quick --clip 0
  has_lines 3 ' +[13] +(8|32) +0 .*'
  has_lines 2 ".*$place"
  succeed --quick --radius 0.5 --rate 0.01
  has_lines 6 ' .* loss .*'
}

check_files() {
  succeed --quick --plot "$work/plot"
  local file="$work/plot/exploding.csv"
  [[ $(wc -l <"$file") == 61 ]] || fail "not 61 lines in exploding.csv"
  [[ $(awk -F, '{ print NF }' "$file" | sort -u) == 13 ]] || fail "not 13 columns in exploding.csv"
  tail -n 1 "$file" | grep -q '^60,,,,,0' || fail "no gap where the networks were lost: $(tail -n 1 "$file")"
  if command -v gnuplot >/dev/null; then
    grep -q '</svg>' "$work/plot/exploding.svg" || fail "no picture"
  fi
}

check_options() {
  local option value
  refuse_counts --steps --updates
  for option in --radius --clip --rate; do
    for value in -1 10000000 x ""; do refuse "$option" "$option" "$value"; done
  done
  for value in -1 x ""; do refuse --seed --seed "$value"; done
  refuse --updates --quick --updates 3
  refuse --unknown --unknown
  refuse junk junk
  succeed --steps 1 --updates 1
  succeed --help
}

"check_$mode"
finish
