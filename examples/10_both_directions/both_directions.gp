set xlabel 'step'
set ylabel 'right answers, percent'
set yrange [65:102]
set autoscale xfix
set offsets graph 0.02, graph 0.02, 0, 0
set key outside bottom center horizontal height 1
plot data using 1:3 every ::1 with linespoints linewidth 2 pointtype 7 linecolor rgb lstm title 'LSTM, both directions', \
     data using 1:2 every ::1 with linespoints linewidth 2 pointtype 6 pointsize 1.6 linecolor rgb pale_lstm \
       title 'LSTM, forward'
