#!/usr/bin/env bash
# check.sh expected|live|errors PROGRAM
#   expected  the program's text equals the committed text of numpy_demo.py, byte for byte
#   live      ... equals what numpy_demo.py prints now (needs NumPy)
#   errors    bad options give one line on stderr, nothing on stdout and exit code 2
#
# The two programs add in another order, so their numbers differ in the last bits. The 20 sets of options are such that
# this does not show: relative changes of 3e-15 in all drawn numbers change no printed digit. Not so for any options:
# with 100 units and 30 steps these unscaled random weights make a chaotic network, which blows the last bits up.
set -uo pipefail
mode=$1
program=$2
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

# The program's text for these options, and the exit code 0, against the text in the file "$work/wanted".
compare() {
  "$program" "$@" >"$work/got" || fail "exit code $?: $*"
  diff "$work/wanted" "$work/got" >"$work/diff" || {
    fail "other text than NumPy's: $*"
    head -n 6 "$work/diff"
  }
}

refuse() {
  "$program" "$@" >"$work/out" 2>"$work/err"
  local code=$?
  [[ $code == 2 ]] || fail "exit code $code instead of 2: $*"
  [[ ! -s $work/out ]] || fail "text on stdout: $*"
  [[ $(wc -l <"$work/err") == 1 && $(wc -c <"$work/err") -gt 20 ]] || fail "not one line on stderr: $*"
}

check_options() {
  local number=0 options
  while read -ra options; do
    number=$((number + 1))
    if [[ $mode == live ]]; then
      "$python" "$here/../../../examples/01_numpy_demo/numpy_demo.py" "${options[@]}" >"$work/wanted" ||
        fail "numpy_demo.py: ${options[*]}"
    else
      cp "$here/expected/$(printf %02d "$number").txt" "$work/wanted" || fail "no expected text $number"
    fi
    compare "${options[@]}"
  done <"$here/options.txt"
  [[ $number == 20 ]] || fail "$number sets of options instead of 20"
  echo "$number sets of options compared"
}

check_errors() {
  local option value
  for option in --input --hidden --output --batch --steps; do
    for value in 0 -3 1.5 1e3 0x10 x "" " 4" 5,6 1000001 99999999999999999999; do refuse "$option" "$value"; done
    refuse "$option"
    refuse "$option="
    refuse "$option" 3 "$option" 4
    refuse "$option" 3 4
  done
  for value in -1 4294967296 1.5 x "" 99999999999999999999; do refuse --seed "$value"; done
  for value in RNN mlp "" "rnn,lstm"; do refuse --cell "$value"; done
  refuse --cell
  refuse --cell rnn lstm
  refuse --full=maybe
  refuse --unknown
  refuse -x
  refuse junk
  refuse $'two\nlines'
  refuse --batch 1000000 --steps 1000000

  "$program" --help >"$work/out" 2>"$work/err" || fail "--help: exit code $?"
  [[ ! -s $work/err ]] || fail "--help: text on stderr"
  for option in --cell --input --hidden --output --batch --steps --seed --full "Wn, bn, bhn"; do
    grep -q -e "$option" "$work/out" || fail "--help does not name $option"
  done
  "$program" --hidden 010 >"$work/out"
  grep -q -x -F "a0.shape = (10, 10)" "$work/out" || fail "010 is not read as 10"
}

case $mode in
  expected | live) check_options ;;
  errors) check_errors ;;
  *) fail "unknown mode $mode" ;;
esac
[[ $failures == 0 ]] || { echo "$failures failures"; exit 1; }
