set title 'A week that was not learnt from, each day forecast as it begins'
set xlabel 'hour'
set ylabel 'load, MW'
set xrange [24:192]
set xtics 24
set key outside bottom center horizontal height 1
plot data using 0:3:5 skip 1 with filledcurves linecolor rgb '#a6dcc9' title '10 to 90 per cent', \
     data using 0:4 skip 1 with lines linewidth 2 linecolor rgb gru title 'GRU, the median', \
     data using 0:2 skip 1 with linespoints pt 7 ps 0.4 lw 1 linecolor 'black' title 'truth, with gaps'
