set title 'When the gate of each unit is open'
set xlabel 'letters read, one a step'
set ylabel 'units, by the steps in which half fades' offset -1
set yrange [] reverse
set format y '%s'
set palette defined (0 'white', 1 other)
set cbrange [0:1]
set cblabel 'input gate'
unset grid
plot data matrix rowheaders columnheaders with image pixels notitle
