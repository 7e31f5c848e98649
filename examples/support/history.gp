# Draws the losses of a training with validation, from the CSV of its history, as SVG into `picture`.
set datafile separator ','
set terminal svg size 900,500 font 'sans,14' background 'white'
set output picture
set xlabel 'epoch'
set ylabel 'loss'
set logscale y
set title 'What the network learns, and what holds for data it has not seen'
set border 3
set tics nomirror out
set key outside bottom center horizontal
plot data using "epoch":"loss" with lines lw 2 lc rgb '#0072b2' title 'training', \
     data using "epoch":"validation_loss" with lines lw 2 lc rgb '#d55e00' title 'validation'
