set logscale xy
set xtics (5, 10, 25, 50, 100, 200, 400, 800)
set autoscale yfix
set offsets graph 0.05, graph 0.05, graph 0.05, graph 0.05
colour(cell) = word(rnn.' '.lstm.' '.gru, cell)
set multiplot layout 1,2
do for [task in 'adding copy'] {
  if (task eq 'adding') { set key center right samplen 2 } else { unset key }
  set title task eq 'adding' ? 'adding two marked numbers' : 'saying three symbols again'
  set xlabel task eq 'adding' ? 'length of the row, steps' : 'length of the gap, steps'
  set ylabel task eq 'adding' ? 'mean squared error' : 'cross-entropy, nats a symbol'
  plot data using 2:(strcol(1) eq task ? $3 : NaN) every ::1 with lines linecolor 'black' dashtype 2 title 'guessing', \
    for [cell = 1:3] data using 2:(strcol(1) eq task ? column(cell + 3) : NaN) every ::1 with linespoints \
      linewidth 2 pointtype 7 linecolor rgb colour(cell) title word('RNN LSTM GRU', cell)
}
unset multiplot
