#!/bin/sh
# Written by maquette. The webmail's tables, in the form that the installed Roundcube has, and in them everybody who has a
# mailbox, with the plan's name and address: Roundcube itself would add somebody at a first login, and refuse whoever logs on
# in two places just then.
#   webmail_database.sh check    exit 1 unless they are so
#   webmail_database.sh make     makes them, or brings them up to date
set -eu
database={{database}}
people={{people}}
tables=/usr/share/roundcube/SQL

has() {
  sqlite3 -readonly "$database" "SELECT value FROM system WHERE name = 'roundcube-version'" 2>/dev/null || true
}
wanted() {
  find "$tables/sqlite" -name '[0-9]*.sql' -exec basename {} .sql \; | sort -n | tail -n 1
}
# Of the plan's people: who they are, and under which number.
entered="
CREATE TEMP VIEW planned AS SELECT key AS login, value->>'name' AS name, value->>'address' AS address
  FROM json_each(readfile('$people'));
CREATE TEMP VIEW entered AS SELECT login, name, address, user_id
  FROM planned JOIN users ON username = login AND mail_host = 'localhost';"
lacking() {
  sqlite3 -readonly "$database" "$entered
    SELECT count(*) FROM planned WHERE NOT EXISTS (
      SELECT 1 FROM entered JOIN identities AS own USING (user_id)
      WHERE entered.login = planned.login AND standard = 1 AND del = 0
        AND own.name = planned.name AND own.email = planned.address);"
}
enter() {
  as_webmail sqlite3 -bail "$database" "$entered
    BEGIN IMMEDIATE;
    INSERT INTO users (username, mail_host, created, language, preferences)
      SELECT login, 'localhost', datetime('now'), 'fr_FR', 'a:0:{}' FROM planned
      WHERE login NOT IN (SELECT username FROM users WHERE mail_host = 'localhost');
    INSERT INTO identities (user_id, changed, standard, name, email)
      SELECT user_id, datetime('now'), 1, name, address FROM entered
      WHERE user_id NOT IN (SELECT user_id FROM identities WHERE standard = 1 AND del = 0);
    UPDATE identities SET name = entered.name, email = entered.address, changed = datetime('now') FROM entered
      WHERE identities.user_id = entered.user_id AND standard = 1 AND del = 0;
    COMMIT;"
}
as_webmail() {
  runuser -u www-data -- "$@"
}

case "${1-}" in
check)
  test "$(has)" = "$(wanted)"
  test "$(lacking)" = 0
  ;;
make)
  if test -z "$(has)"; then
    as_webmail rm -f "$database.new"
    as_webmail sqlite3 -bail "$database.new" <"$tables/sqlite.initial.sql"
    as_webmail mv "$database.new" "$database"
  else
    as_webmail /usr/share/roundcube/bin/updatedb.sh --package=roundcube --dir="$tables"
  fi
  enter
  ;;
*)
  echo "usage: webmail_database.sh check|make" >&2
  exit 64
  ;;
esac
