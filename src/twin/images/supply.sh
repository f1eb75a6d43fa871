#!/bin/sh
# In a guest, as root: installs packages out of files that it is sent, a tar(1) archive of .deb on stdin, by apt itself, which
# takes of them what the packages need and leaves the rest. Nothing else is asked: a guest has no archive of its own.
# supply.sh PACKAGE...
set -eu
here=/var/cache/maquette-packages
rm -rf "$here"
trap 'rm -rf "$here"' EXIT
umask 077
mkdir -p "$here/lists/partial"
cd "$here"
tar -x -f -
for file in *.deb; do
  dpkg-deb --field "$file"
  printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' \
    "$file" "$(stat -c %s "$file")" "$(sha256sum "$file" | cut -d ' ' -f 1)"
done >Packages
echo "deb [trusted=yes] file:$here ./" >sources.list
# What the packages' own scripts make is for everybody, as apt makes it.
umask 022
apt() {
  DEBIAN_FRONTEND=noninteractive apt-get -q -o "Dir::Etc::SourceList=$here/sources.list" \
    -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$here/lists" -o APT::Sandbox::User=root \
    -o DPkg::Lock::Timeout=60 -o Dpkg::Options::=--force-confold "$@"
}
apt update
apt -y --no-install-recommends install "$@"
