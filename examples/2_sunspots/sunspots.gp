# Draws the forecasts of the held-out years beside the truth: as SVG into `picture`, or in characters where there is none.
set datafile separator ','
set yrange [0:*]
if (exists("picture")) {
  set terminal svg size 900,500 font 'sans,14' background 'white'
  set output picture
  set xlabel 'year'
  set ylabel 'sunspot number, yearly mean'
  set title 'Each year forecast from the years before it'
  set border 3
  set tics nomirror out
  set key outside bottom center horizontal
  plot data using 1:2 skip 1 with linespoints pt 7 ps 0.5 lw 2 lc rgb '#333333' title 'truth', \
       data using 1:3 skip 1 with lines lw 2 lc rgb '#d55e00' title 'LSTM', \
       data using 1:4 skip 1 with lines lw 1.5 dt 2 lc rgb '#0072b2' title 'linear autoregression'
} else {
  set terminal dumb size 100,26 noenhanced
  set title 'Sunspot numbers: truth (o) and the LSTM'."'".'s forecast (*)'
  unset key
  plot data using 1:3 skip 1 with lines, \
       data using 1:3 skip 1 with points pt '*', \
       data using 1:2 skip 1 with points pt 'o'
}
