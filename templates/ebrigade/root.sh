#!/bin/sh
# Written by maquette. The root file system of Debian {{suite}}, out of the archive that this host's own packages come from.
# Where a host was made with it, as in the embedded lab, there is nothing to do.
#   root.sh check   exit 1 unless it is there, and made of the packages that are wanted
#   root.sh make    makes it, whole or not at all; what runs out of the one before goes on in it until it starts anew
set -eu
suite={{suite}}
packages='{{packages}}'
root={{root}}
made=$root/{{made}}

case "${1-}" in
check)
  [ "$(cat "$made" 2>/dev/null)" = "$packages" ] || {
    echo "$root is not made of $packages" >&2
    exit 1
  }
  ;;
make)
  # shellcheck source=/dev/null
  . /etc/os-release
  of() {
    # shellcheck disable=SC2016 # apt's own words
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
      awk -v release="$1" '$2 == release && $3 == "main" { print $1; exit }'
  }
  main=$(of "$VERSION_CODENAME")
  [ -n "$main" ] || {
    echo "apt names no archive of $VERSION_CODENAME, in which $suite could be" >&2
    exit 1
  }
  set -- "deb $main $suite main"
  security=$(of "$VERSION_CODENAME-security")
  [ -z "$security" ] || set -- "$@" "deb $security $suite-security main"
  rm -rf "$root.new" "$root.old"
  mkdir -p "$(dirname "$root")"
  trap 'rm -rf "$root.new"' EXIT
  # shellcheck disable=SC2016 # mmdebstrap's own shell reads its $1
  # What has ended is signed no more: its signatures hold, its dates do not.
  mmdebstrap --mode=root --variant=essential --format=directory \
    --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='APT::Install-Recommends "false"' \
    --aptopt='Acquire::Languages "none"' --aptopt='Acquire::Retries "3"' --dpkgopt=force-unsafe-io \
    --dpkgopt=path-exclude=/usr/share/man/* --dpkgopt=path-exclude=/usr/share/locale/* \
    --dpkgopt=path-exclude=/usr/share/doc/* --dpkgopt=path-include=/usr/share/doc/*/copyright \
    --include="$(echo "$packages" | tr ' ' ,)" \
    --customize-hook='rm -rf "$1/var/cache/apt" "$1/var/lib/apt" "$1/etc/hostname" "$1/etc/resolv.conf"' \
    "$suite" "$root.new" "$@"
  echo "$packages" >"$root.new/{{made}}"
  if [ -e "$root" ]; then mv "$root" "$root.old"; fi
  mv "$root.new" "$root"
  rm -rf "$root.old"
  ;;
*)
  echo "usage: root.sh check|make" >&2
  exit 64
  ;;
esac
