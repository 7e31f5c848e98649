stats data every ::1 using 1 nooutput  # counts the columns
set logscale y
set format y '10^{%T}'
set autoscale xfix
set xlabel 'step of the sequence; the loss is at the last'
set ylabel '|dL/dh|, relative to the last step'
set key outside right top title 'cell and spectral radius'
colour(curve) = word(rnn.' '.lstm.' '.gru, (curve - 1) % 3 + 1)
dash(curve) = (curve - 1) / 3 + 1
plot for [curve = 1:STATS_columns - 1] data using 1:(column(curve + 1)) with lines linewidth 2 \
  dashtype dash(curve) linecolor rgb colour(curve) title columnheader(curve + 1)
