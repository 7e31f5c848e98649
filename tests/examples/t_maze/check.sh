#!/usr/bin/env bash
# check.sh learns|options PROGRAM
#   learns   with a memory nearly all treasures are found at the end, without one half of them; data and picture
#   options  any length, one update, the seed; bad options give one clear line
set -uo pipefail
mode=$1
program=$2
source "$(dirname "$0")/../checks.sh"

check_learns() {
  succeed --plot "$work/plot"
  has_line ' +moves +no memory +a GRU'
  has_line ' +0 +[3-7][0-9]\.[0-9]% +[3-7][0-9]\.[0-9]%'
  has_lines 3 ' +(81920|92160|100352) +[3-6][0-9]\.[0-9]% +(9[89]\.[0-9]|100\.0)%'
  [[ $(wc -l <"$work/plot/t_maze.csv") == 51 ]] || fail "not 50 updates in t_maze.csv"
  if command -v gnuplot >/dev/null; then grep -q '</svg>' "$work/plot/t_maze.svg" || fail "no picture"; fi
}

check_options() {
  succeed --updates 2
  cp "$work/out" "$work/one"
  succeed --updates 2
  cmp -s "$work/out" "$work/one" || fail "two runs differ"
  succeed --updates 2 --seed 2
  cmp -s "$work/out" "$work/one" && fail "another seed gives the same numbers"
  succeed --updates 1 --longest 100
  has_line ' +0 +[0-9.]+% +[0-9.]+%'
  succeed --updates 1 --longest 1
  refuse_counts --longest --updates
  refuse --seed --seed -1
  refuse junk junk
  succeed --help
}

"check_$mode"
finish
