set title 'What is looked at when each letter is said'
set xlabel 'letters read'
set ylabel 'letters said, from the top down' offset -2
set yrange [] reverse
set palette defined (0 'white', 1 lstm)
set cbrange [0:1]
set cblabel 'share of the attention'
set size ratio -1
unset grid
plot data matrix rowheaders columnheaders with image pixels notitle
