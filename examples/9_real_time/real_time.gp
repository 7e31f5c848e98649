set terminal svg size 900,500 font 'sans,14' background 'white'
set output picture
set xlabel 'milliseconds after the first pluck'
set ylabel 'signal (full scale is 1)'
set key outside top center horizontal
set grid linecolor rgb '#dddddd'
set xrange [10:20]
plot data using 1:2 every ::1 with lines linewidth 2 linecolor rgb '#aaaaaa' title 'dry', \
     data using 1:3 every ::1 with lines linewidth 4 linecolor rgb '#56b4e9' title 'effect', \
     data using 1:4 every ::1 with lines linewidth 1 linecolor rgb '#d55e00' title 'network'
