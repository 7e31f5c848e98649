#!/usr/bin/env bash
# check.sh quick|beats_baseline|bad_files|options SEARCH SERVE FOLDER
#   quick           eight configurations, the same numbers on one thread and on three; the numbers and the picture; the
#                   committed data are the script's
#   beats_baseline  after four epochs the loss is below half of the baseline's; what is saved and served are three quantiles
#                   in their order for the hours that nobody knows, near their truth, and they hang on tomorrow's weather
#   bad_files       bad tables and bad models give one clear line
#   options         bad options give one clear line
set -uo pipefail
mode=$1
search=$2
serve=$3
folder=$4
program=$search
source "$(dirname "$0")/../checks.sh"

trial=' +(24|48) +(16|32) +0\.[13] +0\.[0-9]{4}'

check_quick() {
  # A few weeks.
  head -n 601 "$folder/load.csv" >"$work/load.csv"
  succeed --data "$work/load.csv" --epochs 1 --threads 1 --plot "$work" --save "$work/a.safetensors"
  has_lines 8 "$trial"
  has_line 'as the day before +[0-9.]+ +[0-9]+%'
  has_line 'the best network +[0-9.]+ +[0-9]+%'
  [[ $(head -n 1 "$work/forecast.csv") == 'hour,load,low,median,high' ]] || fail "other columns"
  [[ $(($(wc -l <"$work/forecast.csv") % 24)) == 1 ]] || fail "no whole days"
  grep -q -E '^[0-9 -]+,nan(,[0-9.]+){3}$' "$work/forecast.csv" || fail "no gap in the numbers"
  if command -v gnuplot >/dev/null; then grep -q '</svg>' "$work/forecast.svg" || fail "no picture"; fi
  grep -v forecast "$work/out" >"$work/one"
  succeed --data "$work/load.csv" --epochs 1 --threads 3 --save "$work/b.safetensors"
  cmp "$work/out" "$work/one" || fail "other numbers on three threads"
  cmp "$work/a.safetensors" "$work/b.safetensors" || fail "another network on three threads"
  succeed --data "$work/load.csv" --epochs 1 --seed 2
  cmp -s "$work/out" "$work/one" && fail "another seed gives the same numbers"
  command -v python3 >/dev/null || return
  (cd "$work" && python3 "$folder/make_load.py") && cmp "$work/load.csv" "$folder/load.csv" || fail "not the script's data"
}

# The field $1 of the row $2 of the served forecast in $work/$3.
served() { awk -v field="$1" -v row="$2" 'NR == row + 1 { print $field }' "$work/$3"; }

check_beats_baseline() {
  succeed --epochs 4 --save "$work/load.safetensors"
  has_lines 8 "$trial"
  awk '/^as the day/ { naive = $5 } /^the best/ { exit !($4 < naive / 2 && $5 + 0 > 60 && $5 + 0 < 95) }' "$work/out" ||
    fail "no good forecast: $(cat "$work/out")"

  program=$serve
  succeed "$work/load.safetensors"
  cp "$work/out" "$work/served"
  has_line 'hour +10% +50% +90%'
  has_lines 24 '04-22 [0-9]{2}( +[0-9]+){3}'
  awk 'NR > 1 && !($3 < $4 && $4 < $5 && $3 > 100 && $5 < 400) { exit 1 }' "$work/served" || fail "$(cat "$work/served")"
  # A day that is known, as if it were not: most of it lies between the quantiles, which do not hang on it.
  head -n 2641 "$folder/load.csv" >"$work/known.csv"
  succeed "$work/load.safetensors" --data "$work/known.csv"
  cp "$work/out" "$work/day"
  paste -d ' ' <(tail -n +2 "$work/day") <(tail -n 24 "$work/known.csv" | cut -d , -f 2) |
    awk '$3 <= $6 && $6 <= $5 { ++within } END { exit !(within >= 12) }' || fail "of the known day less than half"
  awk -F, -v OFS=, 'NR > 2617 { $2 = "" } 1' "$work/known.csv" >"$work/unknown.csv"
  succeed "$work/load.safetensors" --data "$work/unknown.csv"
  cmp "$work/out" "$work/day" || fail "the load of the day itself was read"
  # Ten degrees less on that day mean more load.
  awk -F, -v OFS=, 'NR > 2617 { $3 -= 10 } 1' "$work/known.csv" >"$work/cold.csv"
  succeed "$work/load.safetensors" --data "$work/cold.csv"
  cp "$work/out" "$work/cold"
  [[ $(served 4 24 cold) -gt $(served 4 24 day) ]] || fail "a cold day has no more load"
}

check_bad_files() {
  local short="$work/short.csv" model="$work/model.safetensors"
  head -n 505 "$folder/load.csv" >"$short"
  succeed --data "$short" --epochs 1 --save "$model"
  for program in "$search --data" "$serve $model --data"; do
    read -r program first second <<<"$program"
    bad() { refuse "$1" $first $second "$work/bad.csv"; }
    rm -f "$work/bad.csv"; bad 'bad.csv: cannot be read or is empty'
    sed 's/^hour/time/' "$short" >"$work/bad.csv"; bad "bad.csv:1:1: no column is named 'hour'"
    sed 's/temperature/heat/' "$short" >"$work/bad.csv"; bad "no column is named 'temperature'"
    sed '3s/,/,x/' "$short" >"$work/bad.csv"; bad "bad.csv:3:10: found 'x"
    sed '3s/$/,1/' "$short" >"$work/bad.csv"; bad 'bad.csv:3:'
    awk -F, -v OFS=, 'NR > 1 { $2 = "" } 1' "$short" >"$work/bad.csv"; bad 'fill_gaps: row 0 has no number in 504'
    head -n 30 "$short" >"$work/bad.csv"; bad '29'
    head -n 1 "$short" >"$work/bad.csv"; bad '0'
  done
  "$search" --data "$short" --epochs 1 --save "$work/none/model" >"$work/out" 2>"$work/err"
  [[ $? == 2 && $(wc -l <"$work/err") == 1 ]] || fail "saved into no folder: $(cat "$work/err")"

  program=$serve
  refuse 'none.safetensors' "$work/none.safetensors"
  refuse 'short.csv' "$short"
  head -c 1000 "$model" >"$work/cut.safetensors"
  refuse 'cut.safetensors' "$work/cut.safetensors"
  { head -c 9000 "$model"; printf x; tail -c +9002 "$model"; } >"$work/flipped.safetensors"
  refuse 'flipped.safetensors' "$work/flipped.safetensors"
}

check_options() {
  refuse_counts --epochs --threads
  refuse --seed --seed -1
  refuse --threads --threads 257
  refuse junk junk
  succeed --help
  program=$serve
  refuse 'model is required'
  refuse --unknown model --unknown
  succeed --help
}

"check_$mode"
finish
