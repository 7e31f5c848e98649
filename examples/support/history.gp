# Draws the CSV of a training's history (unroll::write_csv) as SVG into `picture`: the losses, and a panel for each metric.
#   gnuplot -e "data = 'history.csv'; picture = 'history.svg'" examples/support/history.gp
set datafile separator ','
stats data using 1 skip 1 nooutput
columns = STATS_columns
epochs = STATS_max
array names[columns]
validation = 0
metrics = 0  # they come last
do for [i = 2:columns] {
  stats data using (names[i] = columnhead(i), $1) nooutput
  if (names[i] eq 'validation_loss') { validation = i }
  metrics = names[i] eq 'loss' || names[i] eq 'validation_loss' || names[i] eq 'learning_rate' || \
            names[i] eq 'clipped' || names[i] eq 'skipped' ? 0 : metrics + 1
}
set terminal svg size 900,500 + 250 * metrics font 'sans,14' background 'white' noenhanced
set output picture
set border 3
set tics nomirror out
set lmargin 12
set key outside bottom center horizontal height 1
set xlabel 'epoch'
set xrange [0:epochs]
set ylabel 'loss'
set title 'What the network learns, and what holds for data it has not seen'
losses = 500.0 / (500 + 250 * metrics)  # of the picture's height
set multiplot
set size 1, losses
set origin 0, 1 - losses
set logscale y
if (validation) {
  plot data using 1:2 skip 1 with linespoints pt 7 ps 0.3 lw 2 lc rgb '#0072b2' title 'training', \
       data using 1:validation skip 1 with linespoints pt 7 ps 0.3 lw 2 lc rgb '#d55e00' title 'validation'
} else {
  plot data using 1:2 skip 1 with linespoints pt 7 ps 0.3 lw 2 lc rgb '#0072b2' title 'training'
}
unset logscale y
unset title
unset key
set size 1, losses / 2
do for [k = 1:metrics] {
  set origin 0, 1 - losses - k * losses / 2
  set ylabel names[columns - metrics + k]
  plot data using 1:(column(columns - metrics + k)) skip 1 with linespoints pt 7 ps 0.3 lw 2 lc rgb '#009e73'
}
unset multiplot
