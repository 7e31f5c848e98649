set xlabel 'epoch'
set ylabel 'bits per character'
set key outside top center horizontal
set autoscale xfix
set yrange [2:4.75]
plot data using 1:4 every ::1 with lines dashtype 2 linewidth 2 linecolor rgb grey title 'character frequencies', \
     data using 1:5 every ::1 with lines dashtype 4 linewidth 2 linecolor rgb grey title 'after the two before', \
     data using 1:2 every ::1 with lines linewidth 2 linecolor rgb pale_lstm title 'LSTM, training', \
     data using 1:3 every ::1 with lines linewidth 3 linecolor rgb lstm title 'LSTM, validation'
