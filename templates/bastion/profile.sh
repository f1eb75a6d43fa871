# Written by maquette. A shell that nobody types in ends after a quarter of an hour.
TMOUT=900
readonly TMOUT
export TMOUT
