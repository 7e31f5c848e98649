#!/usr/bin/env bash
# check.sh quick|no_peeking|beats_baselines|bad_files|bad_options PROGRAM SERIES
#   quick            a few epochs: every part of the report is there, the baselines have the errors that NumPy computes
#   no_peeking       other counts in the last 40 years change nothing of the training, nor do years after --until
#   beats_baselines  the whole run, as ./run demo has it
#   bad_files        one clear line with file, line, what was found and what was expected
#   bad_options      one clear line
set -uo pipefail
mode=$1
program=$2
series=$3
source "$(dirname "$0")/../checks.sh"

check_quick() {
  succeed --quick --networks 2
  has_line 'Sunspots: training on 1700-1968'
  has_lines 6 'network [12], epoch (6|12|18): loss [0-9]+\.[0-9]{4}, gradient clipped in [0-6] of 6 epochs'
  has_line 'Forecasts of 1969-2008, one year ahead: root mean square error in sunspot numbers'
  has_line '  LSTM, the mean of the networks +[0-9]+\.[0-9]'
  has_line '  the last value +29\.9'
  has_line '  linear autoregression, order 9 +17\.3'
  has_line '  linear autoregression of the square roots +15\.2'
  has_lines 1 'The LSTM (beats|does not beat) the best baseline\.'

  local seed_1
  seed_1=$(cat "$work/out")
  succeed --quick --networks 2 --data "$series"
  [[ $(cat "$work/out") == "$seed_1" ]] || fail "two runs differ"
  succeed --quick --networks 2 --seed 2
  [[ $(cat "$work/out") != "$seed_1" ]] || fail "the seed changes nothing"
}

# The lines about training alone.
training() {
  succeed --quick --networks 1 "$@"
  grep '^network' "$work/out"
}

check_no_peeking() {
  local whole
  whole=$(training --data "$series")
  [[ -n $whole ]] || fail "no line about training"
  awk -F, 'NR > 270 { $0 = $1 ",7" } 1' "$series" >"$work/other_future.csv"
  [[ $(training --data "$work/other_future.csv") == "$whole" ]] || fail "the held-out years take part in training"
  awk -F, 'NR == 270 { $0 = $1 ",7" } 1' "$series" >"$work/other_past.csv"
  [[ $(training --data "$work/other_past.csv") != "$whole" ]] || fail "1968 takes no part in training"

  head -n 230 "$series" >"$work/until_1928.csv"
  succeed --quick --networks 1 --data "$work/until_1928.csv"
  cp "$work/out" "$work/cut"
  succeed --quick --networks 1 --until 1928
  cmp "$work/out" "$work/cut" || fail "--until 1928 is not the file that ends in 1928"
}

check_beats_baselines() {
  succeed
  has_lines 15 'network [1-5], epoch [123]00: loss 0\.[0-9]{4}, gradient clipped in [0-9]+ of 100 epochs'
  has_line 'The LSTM beats the best baseline\.'
  tail -n 5 "$work/out"
}

# A copy of the series with line $1 replaced by $2 is refused with a message about that line.
refuse_line() {
  awk -v number="$1" -v text="$2" 'NR == number { $0 = text } 1' "$series" >"$work/bad.csv"
  refuse "bad.csv:$1: found '$2', expected $3" --data "$work/bad.csv"
}

check_bad_files() {
  refuse "none.csv: cannot be read or is empty" --data "$work/none.csv"
  refuse "$work: cannot be read or is empty" --data "$work"
  : >"$work/empty.csv"
  refuse "empty.csv: cannot be read or is empty" --data "$work/empty.csv"

  refuse_line 1 'YEAR,SUNACTIVITY' '"YEAR","SUNACTIVITY"'
  local text
  for text in '' '1700' '1700,' '1700;5' '1700,x' '1700,5x' '1700,5,6' ' 1700,5' '1700, 5' '1700,-5' '1700,nan' \
    '1700,inf' '1700,1e999' '1700,10001' '1700.0,5' 'x,5' '99999999999,5'; do
    refuse_line 2 "$text" 'YEAR,COUNT with a count from 0 to 10000'
  done
  refuse_line 100 '1799,6.8' '1798,COUNT'
  refuse_line 310 '2007,2.9' '2008,COUNT'
  { cat "$series"; echo; } >"$work/bad.csv"
  refuse "bad.csv:311: found '', expected 2009,COUNT" --data "$work/bad.csv"
  head -n 100 "$series" >"$work/short.csv"
  refuse "short.csv: found 99 years, expected at least 100" --data "$work/short.csv"
  refuse "sunspots.csv: found 51 years, expected at least 100" --until 1750
  awk -F, 'NR > 1 { $0 = $1 ",7" } 1' "$series" >"$work/constant.csv"
  refuse "constant.csv: the training years all have the same count" --data "$work/constant.csv"

  # Line ends of Windows, and a last line that has none, are no reason to refuse.
  awk '{ printf "%s%s", (NR > 1 ? "\r\n" : ""), $0 }' "$series" >"$work/windows.csv"
  succeed --quick --networks 1 --data "$work/windows.csv"
}

check_bad_options() {
  local option value
  for option in --epochs --hidden --networks; do
    for value in 0 -3 1.5 x "" 99999999999999999999; do refuse "$option" "$option" "$value"; done
    refuse "$option" "$option"
  done
  for value in -1 x ""; do refuse --seed --seed "$value"; done
  refuse --until --until x
  refuse --quick --quick --epochs 3
  refuse --unknown --unknown
  refuse junk junk
  succeed --help
  for option in --data --until --seed --epochs --hidden --networks --quick; do
    grep -q -e "$option" "$work/out" || fail "--help does not name $option"
  done
}

"check_$mode"
finish
