#!/bin/sh
# The router's own question to what lies beyond the access, by that access: Linux and FreeBSD say it otherwise.
# ping.sh SOURCE TARGET
case $(uname) in
FreeBSD) exec ping -n -c 3 -t 3 -S "$1" "$2" ;;
*) exec ping -n -c 3 -i 0.3 -W 2 -I "$1" "$2" ;;
esac
