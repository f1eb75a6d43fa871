#!/bin/sh
# Written by maquette. Zabbix' tables, as its package brings them: in one piece, or not at all. A newer server brings them up to
# date by itself.
#   database.sh check    exit 1 unless they are there
#   database.sh make     makes them
#   database.sh dump     a copy of them, history and all, into $database.dump of the folder where this is run
#   database.sh load     takes that copy in their place; what was there before stays as $database.before
set -eu
database={{database}}
owner={{owner}}
scripts=/usr/share/zabbix-server-pgsql

as_postgres() {
  runuser -u postgres -- psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}
as_owner() {
  runuser -u "$owner" -- psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$database" "$@"
}

case "${1-}" in
check)
  as_owner -c 'SELECT mandatory FROM dbversion' | grep -q .
  ;;
make)
  as_postgres -d postgres -c "SELECT 1 FROM pg_roles WHERE rolname = '$owner'" | grep -q . ||
    as_postgres -d postgres -c "CREATE ROLE $owner LOGIN"
  # Whatever locale this host had when PostgreSQL was installed.
  as_postgres -d postgres -c "SELECT 1 FROM pg_database WHERE datname = '$database'" | grep -q . ||
    as_postgres -d postgres -c "CREATE DATABASE $database OWNER $owner ENCODING UTF8 LOCALE 'C.UTF-8' TEMPLATE template0"
  # Unpacked before any of it is read: a script that is cut off would be believed.
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  zcat "$scripts/schema.sql.gz" "$scripts/images.sql.gz" "$scripts/data.sql.gz" >"$folder/all.sql"
  as_owner -1 -f - <"$folder/all.sql" >/dev/null
  ;;
dump)
  # Sessions of browsers are worth nothing elsewhere. Not compressed: what has not changed is then kept once.
  runuser -u postgres -- pg_dump --format=custom --compress=0 --exclude-table-data=sessions "$database" >"$database.dump"
  ;;
load)
  as_postgres -d postgres -c "DROP DATABASE IF EXISTS \"$database.new\""
  as_postgres -d postgres -c "CREATE DATABASE \"$database.new\" OWNER $owner ENCODING UTF8 LOCALE 'C.UTF-8' TEMPLATE template0"
  runuser -u postgres -- pg_restore --exit-on-error --single-transaction -d "$database.new" <"$database.dump"
  # Whole: only now it takes the place of the other, and whoever still asks that one is sent away.
  as_postgres -d postgres -c "DROP DATABASE IF EXISTS \"$database.before\" WITH (FORCE)"
  as_postgres -d postgres -1 \
    -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$database'" \
    -c "ALTER DATABASE \"$database\" RENAME TO \"$database.before\"" \
    -c "ALTER DATABASE \"$database.new\" RENAME TO \"$database\"" >/dev/null
  ;;
*)
  echo "usage: database.sh check|make|dump|load" >&2
  exit 64
  ;;
esac
