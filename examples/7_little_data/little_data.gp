set terminal svg size 900,500 font 'sans,14' background 'white'
set output picture
set xlabel 'training examples'
set ylabel 'test error in percent: median, quartiles'
set key outside top center horizontal
set grid linecolor rgb '#dddddd'
set logscale x 2
set offsets graph 0.05, graph 0.05, 0, 0
set yrange [0:*]
set bars 0.7
plot 75 with lines dashtype 2 linewidth 2 linecolor rgb '#999999' title 'guessing', \
     data using ($1*0.98):2:3:4 every ::1 with yerrorlines linewidth 2 pointtype 7 linecolor rgb '#0072b2' title 'GRU', \
     data using ($1*1.02):5:6:7 every ::1 with yerrorlines linewidth 2 pointtype 5 linecolor rgb '#d55e00' title 'LSTM'
