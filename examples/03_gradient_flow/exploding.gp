stats data every ::1 using 1 nooutput  # counts the columns
runs = (STATS_columns - 1) / 2
colour(run) = word('#7f3800 '.rnn.' #f5a87a', (run - 1) % 3 + 1)  # all are RNNs
name(run) = word('3×32 1×32 1×8', (run - 1) % 3 + 1)
set logscale y
set format y '10^{%T}'
set autoscale xfix
set multiplot layout 2,2 title 'RNNs of layers × units; a line that leaves the picture ended in NaN'
do for [norm = 0:1] {
  do for [first = 1:runs:3] {
    set yrange [1e-2 : first > 3 ? (norm ? 1e2 : 1e1) : 1e8]
    set ylabel norm ? 'norm of the gradient' : 'loss'
    set xlabel norm ? (first > 3 ? 'update, with clipping' : 'update, without clipping') : ''
    if (norm) { unset key } else { set key top right samplen 2 }
    plot for [run = first:first + 2] data using 1:(column(2 * run + norm)) every ::1 with lines linewidth 2 \
      linecolor rgb colour(run) title name(run)
  }
}
unset multiplot
