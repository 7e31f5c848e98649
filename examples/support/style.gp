# What all pictures have in common: their size, a colour for each cell, a paler one for its second curve, and two for what
# is no network. Where there is no `picture`, the script draws in characters.
rnn = '#d55e00'
lstm = '#0072b2'
gru = '#009e73'
pale_lstm = '#56b4e9'
grey = '#888888'
other = '#cc79a7'
if (exists("picture")) {
  set terminal svg size 900,500 font 'sans,14' background 'white'
  set output picture
  set border 3
  set tics nomirror out
  set grid linecolor rgb '#dddddd'
}
