#!/usr/bin/env bash
# check.sh learns|options PROGRAM
#   learns   at the end at least 95 of 100 strings that it never saw are right, and its own name is said backwards
#   options  other seeds, other texts, a quick run; bad options give one clear line
set -uo pipefail
mode=$1
program=$2
source "$(dirname "$0")/../checks.sh"

check_learns() {
  succeed --say unroll
  has_line ' +1 +[0-9.]+ +[0-8]?[0-9]\.[0-9]%'
  has_line ' +10 +0\.[0-9]+ +(9[5-9]\.[0-9]|100\.0)%'
  has_line '"unroll" backwards: "llornu"'
}

check_options() {
  local value
  succeed --quick --longest 4 --hidden 8
  has_lines 2 ' +[12] +[0-9.]+ +[0-9.]+%'
  cp "$work/out" "$work/one"
  succeed --quick --longest 4 --hidden 8 --seed 2
  cmp -s "$work/out" "$work/one" && fail "another seed gives the same numbers"
  succeed --epochs 1 --longest 1 --hidden 1 --say "a b"
  refuse_counts --longest --hidden --epochs
  for value in "" A 7 "é"; do refuse "expected letters from a to z" --say "$value"; done
  refuse --seed --seed -1
  refuse --quick --quick --epochs 3
  refuse junk junk
  succeed --help
}

"check_$mode"
finish
