set terminal svg size 900,500 font 'sans,14' background 'white'
set output picture
set xlabel 'epoch'
set ylabel 'bits per character'
set key outside top center horizontal
set grid linecolor rgb '#dddddd'
set autoscale xfix
set yrange [2:4.75]
plot data using 1:4 every ::1 with lines dashtype 2 linewidth 2 linecolor rgb '#999999' title 'character frequencies', \
     data using 1:5 every ::1 with lines dashtype 4 linewidth 2 linecolor rgb '#009e73' title 'after the two before', \
     data using 1:2 every ::1 with lines linewidth 2 linecolor rgb '#56b4e9' title 'LSTM, training', \
     data using 1:3 every ::1 with lines linewidth 3 linecolor rgb '#d55e00' title 'LSTM, validation'
