set terminal svg size 900,500 font 'sans,14' background 'white'
set output picture
set xlabel 'step'
set ylabel 'right answers, percent'
set yrange [40:104]
set key bottom right
set grid ytics
plot data using 1:2 every ::1 with linespoints linewidth 2 pointtype 7 linecolor rgb '#d55e00' title 'forward', \
     data using 1:3 every ::1 with linespoints linewidth 2 pointtype 7 linecolor rgb '#0072b2' title 'both directions'
