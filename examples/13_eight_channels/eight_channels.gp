set xlabel 'milliseconds after the swap'
set ylabel 'signal (full scale is 1)'
set key outside top center horizontal
set xrange [-5:15]
set xzeroaxis
plot data using 1:3 every ::1 with lines linewidth 1.5 linecolor rgb other title 'at once', \
     data using 1:2 every ::1 with lines linewidth 2.5 linecolor rgb gru title 'with a fade of 43 ms'
