#!/bin/sh
# What OpenVPN calls when it asks of somebody who comes in; vpn.py answers later. OpenVPN carries everybody's packets itself
# and stands still until this ends: Python alone takes longer to start than a voice may be silent. Written by maquette.
#
#     hook.sh verify FILE     auth-user-pass-verify, via-file: FILE is gone when this ends
#     hook.sh connect FILE    client-connect
set -eu
case $1 in
verify)
  exec 3<"$2"
  { {{program}} verify <&3 || printf 0 >"${auth_control_file:?}"; } &
  exit 2
  ;;
connect)
  printf 2 >"${client_connect_deferred_file:?}"
  { {{program}} connect || printf 0 >"${client_connect_deferred_file:?}"; } &
  ;;
esac
