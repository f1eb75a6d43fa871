#!/bin/sh
# What udhcpc(8) calls when a lease comes, is renewed, or goes: the agent makes an address and routes of it.
# shellcheck disable=SC2154 # interface, ip, mask and router are in its environment.
case "$1" in
bound | renew) exec node /usr/lib/maquette/router/router.js lease "$interface" "$ip/${mask:-24}" "${router%% *}" ;;
deconfig | leasefail | nak) exec node /usr/lib/maquette/router/router.js lease "$interface" ;;
esac
