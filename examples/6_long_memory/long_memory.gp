set terminal svg size 900,500 font 'sans,14' background 'white'
set output picture
set logscale xy
set xtics (5, 10, 25, 50, 100, 200, 400, 800)
set grid ytics
set offsets graph 0.05, graph 0.05, 0, 0
set key bottom right
colour(cell) = word('#d55e00 #0072b2 #009e73', cell)
set multiplot layout 1,2
do for [task in 'adding copy'] {
  set title task eq 'adding' ? 'adding two marked numbers' : 'saying three symbols again'
  set xlabel task eq 'adding' ? 'length of the row, steps' : 'length of the gap, steps'
  set ylabel task eq 'adding' ? 'mean squared error' : 'cross-entropy, nats a symbol'
  set yrange [task eq 'adding' ? 3e-4 : 1e-2 : task eq 'adding' ? 0.5 : 3]
  plot data using 2:(strcol(1) eq task ? $3 : NaN) every ::1 with lines linecolor 'black' dashtype 2 title 'guessing', \
    for [cell = 1:3] data using 2:(strcol(1) eq task ? column(cell + 3) : NaN) every ::1 with linespoints \
      linewidth 2 pointtype 7 linecolor rgb colour(cell) title word('RNN LSTM GRU', cell)
}
unset multiplot
