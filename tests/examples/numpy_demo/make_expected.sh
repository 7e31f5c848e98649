#!/usr/bin/env bash
# Makes expected/NN.txt from line NN of options.txt with numpy_demo.py. Needs Python 3 with NumPy; PYTHON names another.
set -euo pipefail
cd "$(dirname "$0")"
python=${PYTHON:-python3}
demo=../../../examples/01_numpy_demo/numpy_demo.py

rm -rf expected
mkdir expected
number=0
while read -ra options; do
  number=$((number + 1))
  "$python" "$demo" "${options[@]}" >"expected/$(printf %02d "$number").txt"
done <options.txt
"$python" -c 'import numpy, platform; print("NumPy", numpy.__version__, "Python", platform.python_version())' \
  >expected/made_with.txt
