set style data histograms
set style histogram clustered gap 1
set style fill solid
set boxwidth 0.9
set yrange [0:100]
set ylabel 'last words guessed right, %'
set xlabel 'what the network learnt'
set key outside top center vertical
set xrange [-0.6:1.6]
set xtics scale 0
plot data every ::1 using (100 * $2):xtic('idioms '.strcol(1)) title 'asked after the words in order' \
       linecolor rgb lstm, \
     data every ::1 using (100 * $3) title 'asked after the same words shuffled' linecolor rgb pale_lstm
