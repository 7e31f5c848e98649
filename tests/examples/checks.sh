# Sourced by the checks of single programs, which set `program` before. Each check says what failed; end with `finish`.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

finish() {
  [[ $failures == 0 ]] || { echo "$failures failures"; exit 1; }
}

# The program ends well with these options, and says nothing on stderr; its text is then in $work/out.
succeed() {
  "$program" "$@" >"$work/out" 2>"$work/err" || fail "exit code $?: $*"
  [[ ! -s $work/err ]] || fail "text on stderr: $(cat "$work/err")"
}

# The text has a line that matches the whole regular expression; or so many of them.
has_line() { grep -E -q -x -e "$1" "$work/out" || fail "no line '$1' in: $(cat "$work/out")"; }
has_lines() {
  local found
  found=$(grep -E -c -x -e "$2" "$work/out")
  [[ $found == "$1" ]] || fail "$found lines '$2' instead of $1"
}

# The program refuses these options: exit code 2, nothing on stdout, on stderr one line that has the text $1.
refuse() {
  local wanted=$1
  shift
  "$program" "$@" >"$work/out" 2>"$work/err"
  local code=$?
  [[ $code == 2 ]] || fail "exit code $code instead of 2: $*"
  [[ ! -s $work/out ]] || fail "text on stdout: $*"
  [[ $(wc -l <"$work/err") == 1 ]] || fail "not one line on stderr: $*: $(cat "$work/err")"
  grep -F -q -e "$wanted" "$work/err" || fail "'$wanted' is not in the message: $(cat "$work/err")"
}

# The program refuses what is no count of at least 1 for each of these options, in a message that names the option.
refuse_counts() {
  local option value
  for option in "$@"; do
    for value in 0 -3 1.5 x "" 99999999999999999999; do refuse "$option" "$option" "$value"; done
  done
}
