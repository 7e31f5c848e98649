#!/usr/bin/env bash
# check.sh quick|no_peeking|beats_baselines|bad_files|bad_options PROGRAM SERIES
#   quick            a few epochs: every part of the report is there, the baselines have the errors that NumPy computes
#   no_peeking       other counts in the last 40 years change nothing of the training, nor do years after --until
#   beats_baselines  the whole run, as ./run demo has it, ends early and beats them
#   bad_files        one clear line with file, line, what was found and what was expected
#   bad_options      one clear line
set -uo pipefail
mode=$1
program=$2
series=$3
source "$(dirname "$0")/../checks.sh"

# On stderr is the progress, and nothing else; the report without the plot is then in $work/out.
succeed_with_progress() {
  "$program" "$@" >"$work/all" 2>"$work/err" || fail "exit code $?: $*"
  grep -E -v -x -q 'epoch [0-9]+/[0-9]+ loss [0-9.e-]+(, validation [0-9.e-]+)?, [0-9.e+]+ steps/s, [0-9]+:[0-9]{2} left' \
    "$work/err" && fail "more than progress on stderr: $(cat "$work/err")"
  sed '/best baseline/q' "$work/all" >"$work/out"
}

check_quick() {
  succeed_with_progress --quick --networks 2 --plot "$work/pictures"
  [[ $(grep -c 'epoch [12]/2 loss' "$work/err") == 4 ]] || fail "no progress of 2 networks: $(cat "$work/err")"
  has_line 'Sunspots: training on 1700-1968, of which the last 30 years choose the epoch'
  has_lines 2 'network [12]: 2 epochs, the best is epoch [12] with a loss of [0-9]+\.[0-9]{4}'
  has_line 'Forecasts of 1969-2008, one year ahead: root mean square error in sunspot numbers'
  has_line '  LSTM, the mean of the networks +[0-9]+\.[0-9]'
  has_line '  the last value +29\.9'
  has_line '  linear autoregression, order 9 +17\.3'
  has_line '  linear autoregression of the square roots +15\.2'
  has_lines 1 'The LSTM (beats|does not beat) the best baseline\.'

  local csv=$work/pictures/sunspots.csv
  [[ $(head -n 1 "$csv") == year,truth,LSTM,linear && $(wc -l <"$csv") == 41 ]] || fail "not 40 forecasts in $csv"
  grep -q -x -E '2008,2\.9,[0-9.]+,[0-9.]+' "$csv" || fail "no truth of 2008"
  grep -q -F "The numbers are in $csv" "$work/all" || fail "the file is not named"
  [[ $(head -n 1 "$work/pictures/training.csv") == epoch,loss,validation_loss,* ]] || fail "no history of the training"
  if command -v gnuplot >/dev/null; then
    grep -q '</svg>' "$work/pictures/training.svg" || fail "no picture of the training"
    printf 'epoch,loss,r2,my metric\n1,2,,0.5\n2,1,0.5,0.4\n' >"$work/history.csv"  # no validation, and metrics
    gnuplot -e "data = '$work/history.csv'; picture = '$work/history.svg'" "$(dirname "$0")/../../../examples/support/history.gp" 2>"$work/err" ||
      fail "a history with metrics: $(cat "$work/err")"
    [[ $(grep -c -E '>(loss|r2|my metric)<' "$work/history.svg") == 3 ]] || fail "no panel of each metric"
    grep -q '</svg>' "$work/pictures/sunspots.svg" || fail "no picture"
    grep -q -F "Sunspot numbers: truth (o) and the LSTM's forecast (*)" "$work/all" || fail "no plot in the text"
  fi

  local seed_1
  seed_1=$(cat "$work/out")
  succeed_with_progress --quick --networks 2 --data "$series"
  [[ $(cat "$work/out") == "$seed_1" ]] || fail "two runs differ"
  succeed_with_progress --quick --networks 2 --seed 2
  [[ $(cat "$work/out") != "$seed_1" ]] || fail "the seed changes nothing"
  succeed_with_progress --quick --networks 1 --validation 0
  grep -q validation "$work/err" && fail "a validation loss without validation years"
}

# The lines about training alone.
training() {
  succeed_with_progress --quick --networks 1 "$@"
  grep '^network' "$work/out"
}

check_no_peeking() {
  local whole
  whole=$(training --data "$series")
  [[ -n $whole ]] || fail "no line about training"
  awk -F, 'NR > 270 { $0 = $1 ",7" } 1' "$series" >"$work/other_future.csv"
  [[ $(training --data "$work/other_future.csv") == "$whole" ]] || fail "the held-out years take part in training"
  # Of the years before them the last 30 take part in the choice of the epoch, and not in the fitting of weights or unit.
  awk -F, 'NR == 270 { $0 = $1 ",7" } 1' "$series" >"$work/other_past.csv"
  [[ $(training --data "$work/other_past.csv") != "$whole" ]] || fail "1968 takes no part in the choice"
  local fitted='s/, validation.*//'
  training --data "$series" >"$work/none"
  sed "$fitted" "$work/err" >"$work/fitted"
  training --data "$work/other_past.csv" >"$work/none"
  sed "$fitted" "$work/err" | cmp - "$work/fitted" || fail "1968 takes part in the fitting"
  awk -F, 'NR == 240 { $0 = $1 ",7" } 1' "$series" >"$work/other_past.csv"
  training --data "$work/other_past.csv" >"$work/none"
  sed "$fitted" "$work/err" | cmp -s - "$work/fitted" && fail "1938 takes no part in the fitting"

  head -n 230 "$series" >"$work/until_1928.csv"
  succeed_with_progress --quick --networks 1 --data "$work/until_1928.csv"
  cp "$work/out" "$work/cut"
  succeed_with_progress --quick --networks 1 --until 1928
  cmp "$work/out" "$work/cut" || fail "--until 1928 is not the file that ends in 1928"
}

check_beats_baselines() {
  succeed_with_progress
  has_lines 5 'network [1-5]: [0-9]+ epochs, the best is epoch [0-9]+ with a loss of 0\.[0-9]{4}'
  grep -q -E '^network [1-5]: [12]?[0-9] epochs' "$work/out" || fail "no network ended early"
  has_line 'The LSTM beats the best baseline\.'
  tail -n 5 "$work/out"
}

# A copy of the series with line $1 replaced by $2 is refused with the message $3 about that line.
refuse_line() {
  awk -v number="$1" -v text="$2" 'NR == number { $0 = text } 1' "$series" >"$work/bad.csv"
  refuse "bad.csv:$1:$3" --data "$work/bad.csv"
}

check_bad_files() {
  refuse "none.csv: cannot be read or is empty" --data "$work/none.csv"
  refuse "$work: cannot be read or is empty" --data "$work"
  : >"$work/empty.csv"
  refuse "empty.csv: cannot be read or is empty" --data "$work/empty.csv"

  refuse_line 1 'YEAR,COUNT' ' no column is named SUNACTIVITY'
  refuse_line 1 'A,SUNACTIVITY' ' no column is named YEAR'
  refuse_line 2 '1700' '1: the line ends after 1 fields, line 1 has 2'
  refuse_line 2 '1700,5,6' '6: found more than the 2 fields of line 1'
  local text
  for text in '' x 5x ' 5' nan inf 1e999; do refuse_line 2 "1700,$text" "6: found '$text', expected a number"; done
  for text in '' 1700\;5 x,5; do refuse_line 2 "$text" "1: found '${text%,5}', expected a number"; done
  for text in -5 10001; do refuse_line 2 "1700,$text" " found $text, expected a count from 0 to 10000"; done
  for text in 1700.5 99999999999 -3; do refuse_line 2 "$text,5" ' found '; done
  refuse_line 100 '1799,6.8' ' found 1799, expected the year 1798'
  refuse_line 310 '2007,2.9' ' found 2007, expected the year 2008'
  { cat "$series"; echo; } >"$work/bad.csv"
  refuse "bad.csv:311:1: found '', expected a number" --data "$work/bad.csv"
  head -n 100 "$series" >"$work/short.csv"
  refuse "short.csv: found 99 years, expected at least 100" --data "$work/short.csv"
  refuse "sunspots.csv: found 51 years, expected at least 100" --until 1750
  awk -F, 'NR > 1 { $0 = $1 ",7" } 1' "$series" >"$work/constant.csv"
  refuse "constant.csv: the training years all have the same count" --data "$work/constant.csv"

  # Line ends of Windows, and a last line that has none, are no reason to refuse.
  awk '{ printf "%s%s", (NR > 1 ? "\r\n" : ""), $0 }' "$series" >"$work/windows.csv"
  succeed_with_progress --quick --networks 1 --data "$work/windows.csv"
}

check_bad_options() {
  local option value
  for option in --epochs --hidden --networks --patience --copies; do
    refuse_counts "$option"
    refuse "$option" "$option"
  done
  for value in -1 51 x ""; do refuse --validation --validation "$value"; done
  for value in -1 x ""; do refuse --seed --seed "$value"; done
  refuse --until --until x
  refuse --quick --quick --epochs 3
  refuse --unknown --unknown
  refuse junk junk
  succeed --help
  for option in --data --until --seed --epochs --patience --validation --copies --hidden --networks --plot --quick; do
    grep -q -e "$option" "$work/out" || fail "--help does not name $option"
  done
}

"check_$mode"
finish
