set terminal svg size 900,500 font 'sans,14' background 'white'
set output picture
set style data histograms
set style histogram clustered gap 1
set style fill solid
set boxwidth 0.9
set yrange [0:100]
set ylabel 'last words guessed right, %'
set xlabel 'what the network learnt'
set grid ytics
set key outside top center horizontal
set xrange [-0.6:1.6]
set xtics scale 0
plot data every ::1 using (100 * $2):xtic('idioms '.strcol(1)) title 'asked after the words in order' \
       linecolor rgb '#0072b2', \
     data every ::1 using (100 * $3) title 'asked after the same words shuffled' linecolor rgb '#d55e00'
