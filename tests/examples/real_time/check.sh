#!/usr/bin/env bash
# check.sh quick|files|exported|options PROGRAM COMPILER_AND_FLAGS
#   quick     it learns: a few more passes are better than silence and than the dry signal; streaming allocates nothing;
#             the seed decides
#   files     --plot writes data and picture; --save and --load give the same sound; bad files are refused
#   exported  the header that --export writes compiles alone, and streams the same bits
#   options   bad options give one clear line
set -uo pipefail
mode=$1
program=$2
compile=$3
source "$(dirname "$0")/../checks.sh"

error_line='Error to signal on sound it never heard: -?[0-9]+\.[0-9] dB \(the dry signal itself: -[0-9]+\.[0-9] dB\)'

check_quick() {
  succeed --quick
  has_line 'An LSTM of 16 units and a head, 1169 weights'
  has_lines 2 'epoch [12]/2 loss 0\.[0-9]+, validation 0\.[0-9]+, .* left'
  has_line "$error_line"
  has_line 'Streamed 24000 samples in blocks of 64:'
  has_line '  median block +[0-9]+ ns a sample, +[0-9.]+% of the 20\.8 us that 48 kHz leave'
  has_line '  worst block +[0-9]+ ns a sample, +[0-9.]+% of the 20\.8 us that 48 kHz leave'
  has_line '  allocations: (0|not counted on this system)'
  local error
  error=$(grep '^Error' "$work/out")
  succeed --quick
  [[ $(grep '^Error' "$work/out") == "$error" ]] || fail "two runs differ"
  succeed --quick --seed 2
  [[ $(grep '^Error' "$work/out") != "$error" ]] || fail "the seed changes nothing"

  succeed --seconds 4 --epochs 12
  awk '/^Error/ { exit !($9 < -12 && $9 < $14 - 6) }' <(tr -d '()' <"$work/out") || fail "not learned: $(cat "$work/out")"
}

check_files() {
  succeed --quick --save "$work/pedal.safetensors" --plot "$work/a"
  [[ $(wc -l <"$work/a/real_time.csv") == 961 ]] || fail "the data are not 960 samples"
  [[ $(head -n 1 "$work/a/real_time.csv") == milliseconds,dry,effect,network ]] || fail "other columns"
  if command -v gnuplot >/dev/null; then grep -q '</svg>' "$work/a/real_time.svg" || fail "no picture"; fi
  succeed --quick --load "$work/pedal.safetensors" --plot "$work/b"
  has_lines 0 'epoch .*'
  cmp "$work/a/real_time.csv" "$work/b/real_time.csv" || fail "the loaded model sounds otherwise"
  mkdir "$work/empty" && cd "$work/empty" || fail "no folder"
  succeed --quick
  [[ -z $(ls -A) ]] || fail "files that nobody asked for: $(ls -A)"

  refuse none.safetensors --quick --load "$work/none.safetensors"
  head -c 1000 "$work/pedal.safetensors" >"$work/cut.safetensors"
  refuse cut.safetensors --quick --load "$work/cut.safetensors"
  for option in --save --export; do
    "$program" --quick "$option" "$work/none/file" >"$work/out" 2>"$work/err"
    [[ $? == 2 && $(wc -l <"$work/err") == 1 ]] || fail "$option to nowhere: $(cat "$work/err")"
    grep -q "$work/none/file" "$work/err" || fail "the message does not name the file: $(cat "$work/err")"
  done
}

check_exported() {
  succeed --quick --export "$work/pedal.hpp" --plot "$work"
  cat >"$work/play.cpp" <<'CPP'
#include "pedal.hpp"
#include <cstdio>
int main() {
  unroll::Stream stream(pedal::model());
  for (float x; std::scanf("%f", &x) == 1;) std::printf("%.9g\n", static_cast<double>(stream.step(x)[0]));
}
CPP
  $compile "$work/play.cpp" -o "$work/play" || { fail "the header does not compile"; return; }
  tail -n +2 "$work/real_time.csv" | cut -d , -f 2 | "$work/play" >"$work/played"
  tail -n +2 "$work/real_time.csv" | cut -d , -f 4 >"$work/streamed"
  [[ $(wc -l <"$work/played") == 960 ]] || fail "$(wc -l <"$work/played") samples"
  cmp "$work/played" "$work/streamed" || fail "the exported model gives other bits"
}

check_options() {
  local option value
  refuse_counts --epochs
  for value in 0 -3 1e9 x ""; do refuse --seconds --seconds "$value"; done
  for value in -1 x ""; do refuse --seed --seed "$value"; done
  refuse --quick --quick --epochs 3
  refuse --quick --quick --seconds 3
  refuse --unknown --unknown
  refuse junk junk
  succeed --help
  for option in --seed --seconds --epochs --quick --load --save --export --plot; do
    grep -q -e "$option" "$work/out" || fail "--help does not name $option"
  done
}

"check_$mode"
finish
