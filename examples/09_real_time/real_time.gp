set xlabel 'milliseconds after the first pluck'
set ylabel 'signal (full scale is 1)'
set key outside top center horizontal
set xrange [10:15]
plot data using 1:2 every ::1 with lines linewidth 2 linecolor rgb '#bbbbbb' dashtype 3 title 'dry', \
     data using 1:3 every ::1 with lines linewidth 5 linecolor rgb grey title 'effect', \
     data using 1:4 every ::1 with lines linewidth 1.5 linecolor rgb lstm title 'LSTM'
