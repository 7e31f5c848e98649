set xlabel 'moves played'
set ylabel 'treasures found, percent'
set yrange [30:102]
set autoscale xfix
set offsets graph 0.02, graph 0.02, 0, 0
set key outside top center horizontal
plot data using 1:3 every ::1 with lines linewidth 3 linecolor rgb gru title 'GRU', \
     data using 1:2 every ::1 with lines linewidth 2 linecolor rgb grey title 'no memory'
