# Draws the forecasts of the held-out years beside the truth: as SVG into `picture`, or in characters where there is none.
set yrange [0:*]
if (exists("picture")) {
  set xlabel 'year'
  set ylabel 'sunspot number, yearly mean'
  set title 'Each year forecast from the years before it'
  set autoscale xfix
  set offsets graph 0.02, graph 0.02, 0, 0
  set key outside bottom center horizontal height 1
  plot data using 1:2 skip 1 with linespoints pt 7 ps 0.6 lw 2 lc rgb 'black' title 'truth', \
       data using 1:3 skip 1 with lines lw 3 lc rgb lstm title 'LSTM', \
       data using 1:4 skip 1 with linespoints pt 7 ps 0.4 lw 1.5 lc rgb other title 'linear autoregression'
} else {
  set terminal dumb size 100,26 noenhanced
  set title 'Sunspot numbers: truth (o) and the LSTM'."'".'s forecast (*)'
  unset key
  plot data using 1:3 skip 1 with lines, \
       data using 1:3 skip 1 with points pt '*', \
       data using 1:2 skip 1 with points pt 'o'
}
