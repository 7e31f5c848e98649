#!/usr/bin/env bash
# check.sh remembers|threads|options PROGRAM
#   remembers  in a quick run all add two numbers of a short row, only LSTM and GRU those of a longer one, and nobody
#              who knows nothing gets below the guesser; the numbers and the picture are written
#   threads    the same numbers on one thread and on three
#   options    bad options give one clear line
set -uo pipefail
mode=$1
program=$2
source "$(dirname "$0")/../checks.sh"

check_remembers() {
  succeed --quick --plot "$work/plot"
  has_lines 12 '(adding|copy) +[0-9]+  (RNN|LSTM|GRU) +[0-9.]+ +(0\.1667|1\.3863) +[0-9]+   (learnt|in part|-)'
  for cell in RNN LSTM GRU; do has_line "adding +5  $cell +0\.0[0-9]+ +0\.1667 .*"; done
  for cell in LSTM GRU; do has_line "adding +30  $cell +0\.0[0-9]+ +0\.1667 .*   (learnt|in part)"; done
  has_line 'adding +30  RNN +0\.[12][0-9]+ +0\.1667 +300   -'
  [[ $(wc -l <"$work/plot/long_memory.csv") == 5 ]] || fail "not 5 lines in long_memory.csv"
  [[ $(awk -F, '{ print NF }' "$work/plot/long_memory.csv" | sort -u) == 6 ]] || fail "not 6 columns"
  if command -v gnuplot >/dev/null; then
    grep -q '</svg>' "$work/plot/long_memory.svg" || fail "no picture"
  fi
  # A network that cannot learn is as good as a guesser that knows the distribution, within the noise of 256 sequences.
  succeed --tasks adding --lengths 40 --rate 0.0001 --updates 50
  has_lines 3 'adding +40 .*   -'
  succeed --tasks copy --lengths 40 --rate 0.0001 --updates 50
  has_lines 3 'copy +40  [a-zA-Z]+ +1\.[3-9][0-9]+ +1\.3863 +50   -'
}

check_threads() {
  succeed --lengths 12 --updates 100
  cp "$work/out" "$work/one"
  succeed --lengths 12 --updates 100 --threads 3
  cmp -s "$work/out" "$work/one" || fail "other numbers on three threads"
  succeed --lengths 12 --updates 100 --seed 2
  cmp -s "$work/out" "$work/one" && fail "another seed gives the same numbers"
  succeed --lengths 12 --updates 100 --standard-gates
  cmp -s "$work/out" "$work/one" && fail "the standard gates give the same numbers"
  has_lines 3 'copy .*'
  succeed --lengths 12 --updates 100 --tasks adding
  has_lines 0 'copy .*'
}

check_options() {
  local value
  refuse_counts --lengths --updates --hidden --threads
  refuse --lengths --lengths 1
  refuse --tasks --tasks subtracting
  for value in -1 2 x ""; do refuse --rate --rate "$value"; done
  for value in -1 x ""; do refuse --seed --seed "$value"; done
  refuse --updates --quick --updates 3
  refuse --lengths --quick --lengths 3
  refuse --unknown --unknown
  refuse junk junk
  succeed --lengths 2 --updates 1 --hidden 1
  succeed --help
}

"check_$mode"
finish
