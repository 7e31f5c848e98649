#!/usr/bin/env bash
# check.sh quick|files|options PROGRAM
#   quick    both cells learn, more from more examples; each row's p is that of its wins; the seed decides
#   files    --plot writes what the table says, and a picture
#   options  bad options give one clear line
set -uo pipefail
mode=$1
program=$2
source "$(dirname "$0")/../checks.sh"

row=' +[0-9]+( +[0-9]+\.[0-9] \( ?[0-9]+\.[0-9] to [0-9]+\.[0-9]\)){2} +[0-9]+ to [0-9]+ +p = [01]\.[0-9]{4}: (no telling|the (GRU|LSTM) is better)'

# Two-sided p of a sign test, and the verdict at the level 0.05 / 2, for the wins of each row.
check_verdicts() {
  grep ' p = ' "$work/out" | tr -d '():' | awk '
    { wins = $10; losses = $12; n = wins + losses; few = wins < losses ? wins : losses
      tail = 0
      for (bits = 0; bits < 2 ^ n; ++bits) {  # every way in which n coins can fall
        heads = 0
        for (k = bits; k > 0; k = int(k / 2)) heads += k % 2
        if (heads <= few || n - heads <= few) ++tail
      }
      p = tail / 2 ^ n
      verdict = p >= 0.025 ? "no telling" : wins > losses ? "the GRU is better" : "the LSTM is better"
      if ($15 - p > 0.0001 || p - $15 > 0.0001 || index($0, verdict) == 0) { print "expected", p, verdict, "in", $0; bad = 1 }
    }
    END { exit bad }' || fail "a verdict is wrong"
}

check_quick() {
  succeed --quick
  has_line 'Test error in percent \(75 is guessing\): median and quartiles of 4 runs'
  has_line 'GRU of 14 units, 746 weights; LSTM of 12 units, 724 weights'
  has_lines 2 "$row"
  has_line 'One is called better where p is below 0\.025: 0\.05 over 2 tests\.'
  check_verdicts
  local seed_1
  seed_1=$(cat "$work/out")
  succeed --quick
  [[ $(cat "$work/out") == "$seed_1" ]] || fail "two runs differ"
  succeed --quick --seed 2
  [[ $(cat "$work/out") != "$seed_1" ]] || fail "the seed changes nothing"

  succeed --runs 11 --sizes 8,128 --updates 160
  has_lines 2 "$row"
  check_verdicts
  # Medians: fields 2 and 6.
  tr -d '()' <"$work/out" | awk '
    $1 == 8 { gru = $2; lstm = $6 }
    $1 == 128 { exit !($2 < 50 && $6 < 50 && $2 < gru - 15 && $6 < lstm - 15) }' ||
    fail "more examples do not help: $(cat "$work/out")"
}

check_files() {
  succeed --quick --plot "$work"
  [[ $(head -n 1 "$work/little_data.csv") == 'examples,gru,gru low,gru high,lstm,lstm low,lstm high' ]] || fail "other columns"
  local printed written
  printed=$(grep ' p = ' "$work/out" | tr -d '()' | awk '{ print $1, $2, $3, $5, $6, $7, $9 }')
  written=$(tail -n +2 "$work/little_data.csv" | awk -F, '{ printf "%d %.1f %.1f %.1f %.1f %.1f %.1f\n", $1, $2, $3, $4, $5, $6, $7 }')
  [[ $printed == "$written" ]] || fail "the data are not what was printed: $written"
  if command -v gnuplot >/dev/null; then grep -q '</svg>' "$work/little_data.svg" || fail "no picture"; fi
}

check_options() {
  local option value
  for option in --runs --updates --sizes; do
    refuse_counts "$option"
    refuse --quick --quick "$option" 8
  done
  for value in 3 16,3 16,,32x; do refuse --sizes --sizes "$value"; done
  for value in -1 x ""; do refuse --seed --seed "$value"; done
  refuse --unknown --unknown
  refuse junk junk
  succeed --help
  succeed --runs 1 --sizes 4 --updates 1
}

"check_$mode"
finish
