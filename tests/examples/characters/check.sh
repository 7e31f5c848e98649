#!/usr/bin/env bash
# check.sh quick|files|interrupted|bad_texts|options PROGRAM
#   quick        the report; the baselines are those that awk counts; some epochs beat them; temperature and seed matter
#   files        --plot, --save and --load; a run of another text is refused
#   interrupted  Ctrl-C ends it cleanly, and with --load it goes on to the bits of a run that was never stopped
#   bad_texts    a text that cannot be read, is short or no UTF-8 gives one clear line; Chinese is read by code points
#   options      bad options give one clear line
set -uo pipefail
mode=$1
program=$2
source "$(dirname "$0")/../checks.sh"

bits() { sed -n 's/^  LSTM  *//p' "$work/out"; }
written() { sed '1,/^Written by/d' "$work/out"; }

# 400 words of two letters each, by a rule: a letter of one kind, then the same letter of the other.
rule() { awk 'BEGIN { x = 1; for (i = 0; i < 400; ++i) { x = x * 69 % 1009; printf "%s ", substr("aAbBcCdD", x % 4 * 2 + 1, 2) } }'; }

check_quick() {
  succeed --quick --hidden 16
  has_line '24394 characters, 59 different ones; [0-9]+ weights'
  has_lines 2 'epoch [12]/2 loss [0-9.]+, validation [0-9.]+, .* left'
  has_line 'Stopped after 2 epochs, as there were to be no more\.'
  has_line 'Bits per character on the last 2439 characters, which were not used before:'
  has_line '  LSTM +[0-9]\.[0-9]{2}'
  has_line '  how often each character comes +4\.49'
  has_line 'Written by the LSTM at temperature 0\.7:'
  local seed_1
  seed_1=$(bits; written)
  succeed --quick --hidden 16
  [[ $(bits; written) == "$seed_1" ]] || fail "two runs differ"
  succeed --quick --hidden 16 --seed 2
  [[ $(bits; written) != "$seed_1" ]] || fail "the seed changes nothing"
  succeed --quick --hidden 16 --temperature 5
  [[ $(bits; written) != "$seed_1" ]] || fail "the temperature changes nothing"

  # A rule that is learned: of three characters two are certain, the third is one of four: 2 / 3 of a bit.
  rule >"$work/rule.txt"
  succeed --text "$work/rule.txt" --hidden 16 --epochs 100 --patience 100 --temperature 0.1
  awk -v bits="$(bits)" 'BEGIN { exit !(bits > 0.5 && bits < 1) }' || fail "$(bits) bits instead of 0.7"
  written | tr -d '\n' | grep -E -q '((aA|bB|cC|dD) ){20}' || fail "the rule is broken: $(written)"
}

check_files() {
  succeed --quick --hidden 8 --save "$work/run.safetensors" --plot "$work"
  [[ $(wc -l <"$work/characters.csv") == 3 ]] || fail "not a row for each of 2 epochs"
  if command -v gnuplot >/dev/null; then grep -q '</svg>' "$work/characters.svg" || fail "no picture"; fi
  local first
  first=$(bits; written | head -n 5)
  succeed --quick --hidden 8 --load "$work/run.safetensors"
  has_lines 0 'epoch .*'
  [[ $(bits; written | head -n 5) == "$first" ]] || fail "the loaded run writes otherwise"
  rule >"$work/rule.txt"
  refuse "was trained on a text with other characters" --hidden 8 --text "$work/rule.txt" --load "$work/run.safetensors"
  refuse run.safetensors --hidden 9 --load "$work/run.safetensors"
  refuse none.safetensors --load "$work/none.safetensors"
}

check_interrupted() {
  local options=(--hidden 32 --epochs 6) process
  succeed "${options[@]}"
  local whole
  whole=$(bits; written)
  rm "$work/out"  # which has an epoch 2
  "$program" "${options[@]}" --save "$work/run.safetensors" >"$work/out" 2>"$work/err" &
  process=$!
  for ((i = 0; i < 3000; ++i)); do grep -q -s '^epoch 2' "$work/out" && break; sleep 0.01; done
  kill -INT "$process"
  wait "$process" || fail "exit code $? after Ctrl-C"
  [[ ! -s $work/err ]] || fail "text on stderr: $(cat "$work/err")"
  has_line 'Stopped after [2345] epochs, as you asked\.'
  succeed "${options[@]}" --load "$work/run.safetensors"
  has_line 'Stopped after 6 epochs, as there were to be no more\.'
  [[ $(bits; written) == "$whole" ]] || fail "it ends otherwise than a run that was not stopped"
}

refuse_text() { refuse "bad.txt: $1" --quick --text "$work/bad.txt"; }

check_bad_texts() {
  refuse "none.txt: cannot be read" --text "$work/none.txt"
  refuse "$work: cannot be read" --text "$work"
  : >"$work/bad.txt"
  refuse_text "found 0 characters, expected at least 200"
  printf 'short' >"$work/bad.txt"
  refuse_text "found 5 characters, expected at least 200"
  local bytes
  for bytes in '\xff' '\x80' '\xc3' '\xc3A' '\xc0\xaf' '\xe0\x80\xaf' '\xed\xa0\x80' '\xf4\x90\x80\x80' '\xf8\x88\x80\x80\x80'; do
    printf "abc$bytes" >"$work/bad.txt"
    refuse_text "byte 4 is not UTF-8"
  done
  for ((i = 0; i < 100; ++i)); do printf '天地玄黃 é 😀\n'; done >"$work/chinese.txt"
  succeed --quick --hidden 8 --text "$work/chinese.txt" --temperature 100
  has_line '900 characters, 8 different ones; [0-9]+ weights'
  written | iconv -f UTF-8 -t UTF-8 >/dev/null || fail "what it writes is not UTF-8"
  written | grep -q 天 || fail "天 is never written: $(written)"
}

check_options() {
  local value
  refuse_counts --hidden --epochs --patience
  for value in 0 -1 101 nan x ""; do refuse --temperature --temperature "$value"; done
  for value in -1 x ""; do refuse --length --length "$value"; refuse --seed --seed "$value"; done
  refuse --quick --quick --epochs 3
  refuse --unknown --unknown
  refuse junk junk
  succeed --help
}

"check_$mode"
finish
