#!/usr/bin/env bash
# check.sh plays|options PROGRAM
#   plays    short as the training is, both drives are learnt; nothing is allocated on the audio thread; with the fade
#            the curves have no corner that both models do not have alone, without it they have; data and picture
#   options  the seed decides; bad options give one clear line
set -uo pipefail
mode=$1
program=$2
source "$(dirname "$0")/../checks.sh"

check_plays() {
  succeed --seconds 5 --epochs 10 --plot "$work/plot"
  has_line 'drive +weights +error to signal +of the dry sound'
  has_line 'low +257 +-[0-9]+\.[0-9] dB +-[0-9]\.[0-9] dB'
  has_line 'high +257 +-[0-9]+\.[0-9] dB +-[0-9]\.[0-9] dB'
  awk '/^(low|high) / { ++n; if ($3 > -8 || $3 > $5 - 5) exit 1 } END { if (n != 2) exit 1 }' "$work/out" ||
    fail "not learned: $(cat "$work/out")"
  has_line '8 channels in blocks of 64 samples: of the time that 48 kHz leave'
  has_line '  the median block took [0-9.]+%, amid the swap [0-9.]+%; the longest [0-9.]+%'
  has_line '  allocations on the audio thread: 0( \(not counted on this system\))?'
  awk '/sharpest corner/ { n = 1; if ($3 > 1.1 * ($10 > $12 ? $10 : $12) || $7 < 1.5 * $3) exit 1 } END { if (!n) exit 1 }' \
    "$work/out" || fail "a click: $(cat "$work/out")"
  [[ $(wc -l <"$work/plot/eight_channels.csv") == 3073 ]] || fail "the data are not 3072 samples"
  # Before the swap the first model plays, to the bit, and after the fade the second.
  awk -F , 'NR > 1 && $1 < 0 && $2 != $3 { exit 1 }' "$work/plot/eight_channels.csv" || fail "another sound before"
  awk -F , 'NR > 1 && $1 > 43 && ($2 - $3) ^ 2 > 1e-4 { exit 1 }' "$work/plot/eight_channels.csv" || fail "no swap"
  if command -v gnuplot >/dev/null; then grep -q '</svg>' "$work/plot/eight_channels.svg" || fail "no picture"; fi
}

check_options() {
  local value
  succeed --seconds 0.5 --epochs 1
  cp "$work/out" "$work/one"
  succeed --seconds 0.5 --epochs 1
  cmp -s <(grep dB "$work/out") <(grep dB "$work/one") || fail "two runs differ"
  succeed --seconds 0.5 --epochs 1 --seed 2
  cmp -s <(grep dB "$work/out") <(grep dB "$work/one") && fail "another seed gives the same numbers"
  refuse_counts --epochs
  for value in 0 -3 1e9 x ""; do refuse --seconds --seconds "$value"; done
  for value in -1 x ""; do refuse --seed --seed "$value"; done
  refuse junk junk
  succeed --help
}

"check_$mode"
finish
