#!/bin/sh
# Written by maquette. The webmail's tables, in the form that the installed Roundcube has.
#   webmail_database.sh check    exit 1 unless they are so
#   webmail_database.sh make     makes them, or brings them up to date
set -eu
database={{database}}
tables=/usr/share/roundcube/SQL

has() {
  sqlite3 -readonly "$database" "SELECT value FROM system WHERE name = 'roundcube-version'" 2>/dev/null || true
}
wanted() {
  find "$tables/sqlite" -name '[0-9]*.sql' -exec basename {} .sql \; | sort -n | tail -n 1
}
as_webmail() {
  runuser -u www-data -- "$@"
}

case "${1-}" in
check)
  test "$(has)" = "$(wanted)"
  ;;
make)
  if test -z "$(has)"; then
    as_webmail rm -f "$database.new"
    as_webmail sqlite3 -bail "$database.new" <"$tables/sqlite.initial.sql"
    as_webmail mv "$database.new" "$database"
  else
    as_webmail /usr/share/roundcube/bin/updatedb.sh --package=roundcube --dir="$tables"
  fi
  ;;
*)
  echo "usage: webmail_database.sh check|make" >&2
  exit 64
  ;;
esac
