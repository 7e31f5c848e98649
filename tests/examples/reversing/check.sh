#!/usr/bin/env bash
# check.sh learns|beam|options PROGRAM
#   learns   after a shorter run at least 95 of 100 strings that it never saw are right, and its own name is said
#            backwards
#   beam     while it learns, a beam search is right more often than greedy; a beam of one is greedy; the attention is
#            written and drawn
#   options  other seeds, other texts, a quick run; bad options give one clear line
set -uo pipefail
mode=$1
program=$2
source "$(dirname "$0")/../checks.sh"

check_learns() {
  succeed --longest 8 --epochs 5 --say unroll
  has_line ' +1 +[0-9.]+( +[0-8]?[0-9]\.[0-9]%){2}'
  has_line ' +5 +0\.[0-9]+( +(9[5-9]\.[0-9]|100\.0)%){2}'
  has_line '"unroll" backwards: "llornu"'
}

check_beam() {
  succeed --quick --say "two words" --plot "$work"
  has_line ' +strings right'
  has_line 'epoch +cross-entropy +greedy +beam of 4'
  awk '$1 == 1 { exit !($4 + 0 > $3 + 1) }' "$work/out" || fail "no gain: $(cat "$work/out")"
  # A row a letter said, whose shares of the nine letters sum to 1.
  [[ $(head -n 1 "$work/reversing.csv") == 'said,t,w,o, ,w,o,r,d,s' ]] || fail "other columns"
  tail -n +2 "$work/reversing.csv" | awk -F, '
    { sum = 0; for (k = 2; k <= NF; ++k) sum += $k; if (NF != 10 || sum < 0.999 || sum > 1.001) exit 1 }
    END { if (NR != 9) exit 1 }' || fail "bad shares: $(cat "$work/reversing.csv")"
  if command -v gnuplot >/dev/null; then grep -q '</svg>' "$work/reversing.svg" || fail "no picture"; fi
  succeed --quick --longest 4 --hidden 8 --beam 1
  awk '$1 == 1 || $1 == 2 { if ($3 != $4) exit 1 }' "$work/out" || fail "a beam of one: $(cat "$work/out")"
}

check_options() {
  local value
  succeed --quick --longest 4 --hidden 8
  has_lines 2 ' +[12] +[0-9.]+( +[0-9.]+%){2}'
  cp "$work/out" "$work/one"
  succeed --quick --longest 4 --hidden 8 --seed 2
  cmp -s "$work/out" "$work/one" && fail "another seed gives the same numbers"
  succeed --epochs 1 --longest 1 --hidden 1 --say "a b"
  refuse_counts --longest --hidden --epochs --beam
  for value in "" A 7 "é"; do refuse "expected letters from a to z" --say "$value"; done
  refuse --seed --seed -1
  refuse --quick --quick --epochs 3
  refuse junk junk
  succeed --help
}

"check_$mode"
finish
