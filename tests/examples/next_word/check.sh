#!/usr/bin/env bash
# check.sh order|completes|files|options PROGRAM
#   order      learnt in order, the words shuffled tell far fewer last words; one that learnt them shuffled does better
#              there, and worse in order
#   completes  "feeling under the" ends with the weather; a seed gives the same text again
#   files      the numbers and the picture are written where asked for, nothing elsewhere
#   options    unknown words, bad files and options give one clear line
set -uo pipefail
mode=$1
program=$2
source "$(dirname "$0")/../checks.sh"
data="$(dirname "$0")/../../../examples/05_next_word/idioms.txt"

# Per cent of the last words: those asked in order (4) or shuffled (5), of the network that learnt them as $1 says.
per_cent() {
  tr -d '%:' <"$work/out" | awk -v how="$1" -v field="$2" \
    '$1 == "learnt" && $0 ~ "^learnt " how {sub("^learnt (in order|shuffled)", "a b"); printf "%.0f", $(field - 1)}'
}
above() { [[ -n $1 && -n $2 && $1 -gt $2 ]] || fail "$1 is not above $2 in: $(cat "$work/out")"; }

check_order() {
  succeed --quick
  has_line "430 idioms of 813 words"
  has_line "  430 sentences, 12 epochs: cross-entropy [0-9.]+"
  has_line "  1720 sentences, 3 epochs: cross-entropy [0-9.]+"
  has_line "Order matters: .*"
  local ordered mixed
  ordered=$(per_cent "in order" 4)
  mixed=$(per_cent "in order" 5)
  above "$ordered" 60
  above 25 "$mixed"
  above "$(per_cent shuffled 5)" "$mixed"
  above "$ordered" "$(per_cent shuffled 4)"
}

check_completes() {
  succeed --epochs 30 --start "feeling under the"
  has_line "  feeling under the \.\.\. weather \([0-9]+%\)"
  has_lines 1 "  .* \.\.\. .* \([0-9]+%\)"
  succeed --quick
  has_lines 8 "  .* \.\.\. .* \([0-9]+%\)"
  cp "$work/out" "$work/before"
  succeed --quick
  cmp -s "$work/out" "$work/before" || fail "the same seed gives another text"
  succeed --quick --seed 2
  cmp -s "$work/out" "$work/before" && fail "another seed gives the same text"
}

check_files() {
  (cd "$work" && mkdir here && cd here && succeed --quick && [[ -z $(ls) ]]) || fail "files without --plot"
  succeed --quick --plot "$work/deep/plot"
  [[ $(wc -l <"$work/deep/plot/next_word.csv") == 3 ]] || fail "not three lines in next_word.csv"
  if command -v gnuplot >/dev/null; then
    grep -q '</svg>' "$work/deep/plot/next_word.svg" || fail "no picture"
  fi
  # The idioms are as they should be: three to eight words in lower case, none twice.
  [[ -z $(sort "$data" | uniq -d) ]] || fail "an idiom twice"
  [[ -z $(awk 'NF < 3 || NF > 8' "$data") ]] || fail "an idiom of too few or too many words"
  ! grep -n -v -E "^[a-z']+( [a-z']+)+$" "$data" || fail "other characters than lower case letters"
}

check_options() {
  local value
  refuse "'foobar' is in none of the idioms" --start "feeling under a foobar"
  for value in "" "  "; do refuse "there is no word to start from" --start "$value"; done
  refuse "cannot read $work/none" --data "$work/none"
  : >"$work/empty"
  refuse "$work/empty holds no idiom" --data "$work/empty"
  printf 'a b c\n\nd e f\n' >"$work/gap"
  refuse "$work/gap:2: 0 words, expected at least 3" --data "$work/gap"
  printf 'bye bye bye\nno no more\n' >"$work/few"
  succeed --data "$work/few" --quick
  refuse_counts --epochs --hidden
  for value in -1 x ""; do refuse --seed --seed "$value"; done
  refuse --epochs --quick --epochs 3
  refuse --unknown --unknown
  refuse junk junk
  succeed --help
}

"check_$mode"
finish
