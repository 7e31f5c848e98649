set terminal svg size 900,500 font 'sans,14' background 'white'
set output picture
stats data every ::1 using 1 nooutput  # counts the columns
runs = (STATS_columns - 1) / 2
colour(run) = word('#d55e00 #0072b2 #009e73', (run - 1) % 3 + 1)
dash(run) = run > 3 ? 2 : 1
name(run) = word('3×32 1×32 1×8', (run - 1) % 3 + 1).(run > 3 ? ', clipped' : '')
set logscale y
set format y '10^{%T}'
set yrange [1e-2:1e8]
set xlabel 'update'
set grid ytics
set multiplot layout 1,2 title 'layers × units; a line that leaves the picture ended in NaN'
set key top right samplen 2
set ylabel 'loss'
plot for [run = 1:runs] data using 1:(column(2 * run)) every ::1 with lines linewidth 2 \
  dashtype dash(run) linecolor rgb colour(run) title name(run)
unset key
set ylabel 'norm of the gradient before clipping'
plot for [run = 1:runs] data using 1:(column(2 * run + 1)) every ::1 with lines linewidth 2 \
  dashtype dash(run) linecolor rgb colour(run) notitle
unset multiplot
