#!/bin/sh
# What upsmon runs, as its own user, which may not stop the host: a unit waits for the file. Written by maquette.
if [ "$NOTIFYTYPE" = SHUTDOWN ]; then
  : >{{asked}}
fi
