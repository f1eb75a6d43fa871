#!/bin/sh
# router-stage.sh CONFIG < NEW
# Puts a configuration in the place of the one that a router boots from; what was there stays beside it.
set -eu
umask 077
cat >"$1.new"
if [ -e "$1" ]; then cp -p "$1" "$1.before"; fi
sync "$1.new"
mv "$1.new" "$1"
