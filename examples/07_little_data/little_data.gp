set xlabel 'training examples'
set ylabel 'test error in percent: median, quartiles'
set key outside top center horizontal
set logscale x 2
set xrange [14:290]
set xtics (16, 32, 64, 128, 256)
set yrange [15:80]
set bars 0.7
plot 75 with lines dashtype 2 linewidth 2 linecolor rgb grey title 'guessing', \
     data using ($1*0.98):2:3:4 every ::1 with yerrorlines linewidth 2 pointtype 7 linecolor rgb gru title 'GRU', \
     data using ($1*1.02):5:6:7 every ::1 with yerrorlines linewidth 2 pointtype 5 linecolor rgb lstm title 'LSTM'
