#!/usr/bin/env bash
# check.sh remembers|options PROGRAM
#   remembers  it says the last letter behind a star; gates open there more than elsewhere; units keep their memory for
#              different times; the numbers and the picture are those that are printed
#   options    other seeds and sizes; bad options give one clear line
set -uo pipefail
mode=$1
program=$2
source "$(dirname "$0")/../checks.sh"

check_remembers() {
  succeed --plot "$work"
  has_line 'FadingMemory, 16 units: 1072 weights learn, 297 are frozen or tied'
  has_line 'epoch +5: loss [0-9.]+, right [0-8][0-9]\.[0-9]%'
  has_line 'epoch +30: loss 0\.[0-9]+, right (99\.[5-9]|100\.0)%'
  has_lines 16 'half in +[0-9]+\.[0-9] +[0-9]{50}'
  awk '
    $1 == "reads" { read = $2 }
    $1 == "says" {
      for (t = 1; t <= length(read); ++t) {
        if (t == 1 || substr(read, t - 1, 1) == "*") last = substr(read, t, 1)
        wrong += substr($2, t, 1) != last
      }
    }
    $1 == "half" {
      if ($3 < before) exit 1
      before = $3
      fast += $3 < 3
      kept += $3 > 70
      for (t = 2; t <= length(read); ++t)
        if (substr(read, t - 1, 1) == "*") { behind += substr($4, t, 1); ++letters } else { elsewhere += substr($4, t, 1); ++others }
    }
    END { exit !(wrong <= 1 && fast >= 1 && kept >= 5 && behind / letters > elsewhere / others + 1.5) }' "$work/out" ||
    fail "the gates tell nothing: $(cat "$work/out")"

  [[ $(head -n 1 "$work/gates.csv" | tr -d ,) == "half-life$(sed -n 's/^reads *//p' "$work/out")" ]] || fail "other letters"
  [[ $(tail -n +2 "$work/gates.csv" | awk -F, '{ print NF, ($1 >= 0 && $NF >= 0 && $NF <= 1) }' | uniq -c | xargs) == "16 51 1" ]] ||
    fail "not 50 gates of 16 units in the file"
  if command -v gnuplot >/dev/null; then grep -q '</svg>' "$work/gates.svg" || fail "no picture"; fi
}

check_options() {
  succeed --epochs 2 --hidden 3 --steps 1
  has_line 'epoch +2: loss .*'
  has_lines 3 'half in +[0-9]+\.[0-9] +[0-9]'
  cp "$work/out" "$work/one"
  succeed --epochs 2 --hidden 3 --steps 1 --seed 2
  cmp -s "$work/out" "$work/one" && fail "another seed gives the same numbers"
  refuse_counts --hidden --epochs --steps
  refuse --seed --seed -1
  refuse junk junk
  succeed --help
}

"check_$mode"
finish
