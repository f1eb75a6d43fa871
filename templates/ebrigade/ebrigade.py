#!/usr/bin/python3 -I
"""eBrigade on its host: its files out of the zip, its tables, and who is in it. Written by maquette.

ebrigade.py files check|unpack     its zip, in the program's folder
ebrigade.py database check|make    its database, by its own installer; one that was begun is made anew
ebrigade.py people check|keep      settings, sections, grades and people, as standard input says
ebrigade.py dump|load              a copy of the database in the folder where this is run, and back

People: {settings: {NAME: VALUE}, admin: BCRYPT, root: {code, name}, sections: [{code, name}],
grades: [{code, name, level}], people: [{login, givenName, surname, title, mail, section, grade, rights}]}.

`check` exits 1 and says why. What somebody has written in eBrigade itself is left alone: only what came from here is
changed again, and nobody is ever removed, for what they did bears their name.
"""

import base64
import hashlib
import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile

FILE = "{{file}}"
PROGRAM = "{{program}}"
PHP = "{{php}}"
DATABASE = "{{database}}"
USER = "{{user}}"
INSTALLER = "{{installer}}"
SOCKET = "/run/mysqld/mysqld.sock"
DONE = "/var/lib/maquette/ebrigade.json"
DUMP = DATABASE + ".sql"
# A host keeps as much beside it: what people upload, and the database.
SPARE_BYTES = 512 * 2**20
# What has been provisioned, so that what others made is known from it; there once the installer has come to its end.
OURS = "maquette"
PUBLIC, NOBODY = 0, -1


class Failed(Exception):
    pass


# The zip


def bounds_of(config):
    """The PHP versions between which eBrigade runs, in the words of its config.php."""
    found = []
    for name in ("minimum", "maximum"):
        said = re.search(r"^\s*\$php_%s_version\s*=\s*['\"]([\d.]+)['\"]" % name, config, re.M)
        if said is None:
            raise Failed("its config.php does not say the %s version of PHP" % name)
        found.append(tuple(int(part) for part in said.group(1).split(".")))
    return found


def check_php(config, php):
    """@param php as `7.4`, of which Debian has the last"""
    least, most = bounds_of(config)
    is_now = tuple(int(part) for part in php.split("."))
    if not least[: len(is_now)] <= is_now <= most[: len(is_now)]:
        raise Failed(
            "it asks for PHP %s to %s, and this host has %s"
            % (".".join(map(str, least)), ".".join(map(str, most)), php)
        )


def top_of(names):
    """The folder in which eBrigade is: that of its config.php, whichever is shortest."""
    found = sorted((n for n in names if n == "config.php" or n.endswith("/config.php")), key=len)
    if not found:
        raise Failed("there is no config.php in it")
    return found[0][: -len("config.php")]


def refuse_what_leaves(entries):
    for entry in entries:
        name, kind = entry.filename, stat.S_IFMT(entry.external_attr >> 16)
        if name.startswith("/") or "\\" in name or "\0" in name or ".." in name.split("/"):
            raise Failed("%r in it leads out of it" % name)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise Failed("%r in it is neither a file nor a folder" % name)


def unpack(content, into, php, free):
    """
    All of a zip, into a folder that is not there. Nothing is written before all of it is found good.
    @param free bytes that the disk may still take
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile as error:
        raise Failed("it is no zip: %s" % error) from error
    entries = archive.infolist()
    refuse_what_leaves(entries)
    size = sum(entry.file_size for entry in entries)
    if size + SPARE_BYTES > free:
        raise Failed("it unpacks to %d MB, and the disk has %d MB left" % (size // 10**6, free // 10**6))
    top = top_of([entry.filename for entry in entries])
    check_php(archive.read(top + "config.php").decode("latin-1"), php)
    os.makedirs(into)
    for entry in entries:
        path = os.path.join(into, entry.filename[len(top) :])
        if not entry.filename.startswith(top) or entry.is_dir():
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with archive.open(entry) as packed, open(path, "xb") as f:
            shutil.copyfileobj(packed, f)


def content():
    with open(FILE) as f:
        return base64.b64decode(f.read())


def unpacked():
    try:
        with open(DONE) as f:
            return json.load(f).get("zip")
    except (OSError, ValueError):
        return None


def check_files():
    if not os.path.exists(PROGRAM + "/config.php"):
        sys.exit("it is not unpacked")
    if unpacked() != hashlib.sha256(content()).hexdigest():
        sys.exit("another zip is unpacked")


def make_files():
    new, old = PROGRAM + ".new", PROGRAM + ".old"
    for folder in (new, old):
        shutil.rmtree(folder, ignore_errors=True)
    packed = content()
    os.umask(0o022)
    try:
        unpack(packed, new, PHP, shutil.disk_usage(os.path.dirname(PROGRAM)).free)
        # Where what people upload is shown from.
        os.makedirs(new + "/images/user-specific", exist_ok=True)
        if os.path.exists(PROGRAM):
            os.rename(PROGRAM, old)
        os.rename(new, PROGRAM)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
    with open(DONE + ".new", "w") as f:
        json.dump({"zip": hashlib.sha256(packed).hexdigest()}, f)
    os.rename(DONE + ".new", DONE)


# The database


def connected(database=None):
    import pymysql

    return pymysql.connect(unix_socket=SOCKET, user="root", database=database, charset="utf8mb4", autocommit=False)


def rows(database, sql, *args):
    with database.cursor() as cursor:
        cursor.execute(sql, args)
        return cursor.fetchall()


def is_made(server):
    sql = "SELECT 1 FROM information_schema.tables WHERE table_schema = %s AND table_name = %s"
    return bool(rows(server, sql, DATABASE, OURS))


def check_database():
    with connected() as server:
        if not is_made(server):
            sys.exit("the database is not there, or its installer did not come to its end")


def make_database():
    with connected() as server:
        if is_made(server):
            return
        # Nobody has been in one that is not done.
        rows(server, "DROP DATABASE IF EXISTS {{database}}")
        rows(server, "CREATE DATABASE {{database}} CHARACTER SET latin1")
        # Known by the socket whose process asks.
        known = "VIA mysql_native_password USING 'invalid' OR unix_socket"
        rows(server, "CREATE USER IF NOT EXISTS %s@localhost IDENTIFIED " + known, USER)
        rows(server, "GRANT ALL ON {{database}}.* TO %s@localhost", USER)
    subprocess.run(["systemctl", "start", INSTALLER], check=True, timeout=840)
    with connected(DATABASE) as database:
        done = rows(database, "SELECT VALUE FROM configuration WHERE NAME = 'already_configured'")
        if done != (("1",),) or not rows(database, "SELECT 1 FROM zipcode LIMIT 1"):
            raise Failed("its installer ended early: journalctl -u %s" % INSTALLER)
        rows(database, "CREATE TABLE maquette (KIND varchar(10), CODE varchar(25), PRIMARY KEY (KIND, CODE))")


def dump():
    argv = ["mariadb-dump", "--single-transaction", "--routines", "--skip-dump-date", DATABASE]
    with open(DUMP, "w") as f:
        subprocess.run(argv, check=True, stdout=f)


def load():
    with open(DUMP, "rb") as f:
        f.seek(-200, os.SEEK_END)
        if b"-- Dump completed" not in f.read():
            raise Failed("%s is cut off" % DUMP)
        f.seek(0)
        subprocess.run(["mariadb", DATABASE], check=True, stdin=f)


# Who is in it


def plain(text):
    """As the tables can hold it, which know Western letters alone."""
    return text.encode("cp1252", "replace").decode("cp1252")


# What is kept in step of a person, in this order everywhere.
FOUND = """
SELECT P_CODE, P_PRENOM, P_NOM, P_EMAIL, SERVICE, P_GRADE, P_SECTION, GP_ID, P_OLD_MEMBER FROM pompier
"""
# Neither sex nor form of address is in the plan. No password is this one's digest.
ADDED = """
INSERT INTO pompier (P_PRENOM, P_NOM, P_EMAIL, SERVICE, P_GRADE, P_SECTION, GP_ID, P_OLD_MEMBER, P_CODE,
  P_CIVILITE, P_STATUT, P_MDP, P_CREATE_DATE, P_DATE_ENGAGEMENT)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 3, 'SAL', '!', CURDATE(), CURDATE())
"""
CHANGED = """
UPDATE pompier SET P_PRENOM = %s, P_NOM = %s, P_EMAIL = %s, SERVICE = %s, P_GRADE = %s, P_SECTION = %s, GP_ID = %s,
  P_OLD_MEMBER = %s
WHERE P_CODE = %s
"""
USED = """
UPDATE pompier SET P_MDP = %s, P_MDP_EXPIRY = NULL, P_NB_CONNECT = GREATEST(P_NB_CONNECT, 1) WHERE P_ID = %s
"""
ADMIN = 1


def person_of(wanted, sections):
    return (
        plain(wanted["givenName"])[:25],
        plain(wanted["surname"])[:30],
        wanted["mail"],
        plain(wanted["title"])[:60],
        wanted["grade"],
        sections[wanted["section"]],
        wanted["rights"],
        0,
    )


def changes(wanted, found):
    """
    What makes of what was found what is wanted, as statements with their values; none where it is so already.
    @param found {settings: {NAME: VALUE}, admin: (P_MDP, P_NB_CONNECT), sections: {CODE: (ID, NAME, INACTIVE)},
           grades: {CODE: (NAME, LEVEL)}, people: {LOGIN: values as FOUND has them}, ours: {(KIND, CODE)}}
    """
    does = []
    ours = found["ours"]

    def own(kind, code):
        if (kind, code) not in ours:
            does.append(("INSERT INTO maquette (KIND, CODE) VALUES (%s, %s)", (kind, code)))

    for name, value in wanted["settings"].items():
        if name not in found["settings"]:
            raise Failed("eBrigade has no setting %s" % name)
        if found["settings"][name] != value:
            does.append(("UPDATE configuration SET VALUE = %s WHERE NAME = %s", (value, name)))
    # While it has never been there, the first visitor is it.
    if found["admin"][0] != wanted["admin"] or found["admin"][1] == 0:
        does.append((USED, (wanted["admin"], ADMIN)))

    # Below which all the others are.
    root = (wanted["root"]["code"], plain(wanted["root"]["name"])[:80])
    if root not in [(code, name) for code, (number, name, _) in found["sections"].items() if number == 0]:
        does.append(("UPDATE section SET S_CODE = %s, S_DESCRIPTION = %s WHERE S_ID = 0", root))
        does.append(("UPDATE section_flat SET S_CODE = %s, S_DESCRIPTION = %s WHERE S_ID = 0", root))

    sections = {code: number for code, (number, _, _) in found["sections"].items()}
    for section in wanted["sections"]:
        code, name = section["code"], plain(section["name"])[:80]
        is_now = found["sections"].get(code)
        if is_now is None:
            number = sections[code] = max(sections.values(), default=0) + 1
            sql = "INSERT INTO section (S_ID, S_PARENT, S_CODE, S_DESCRIPTION) VALUES (%s, 0, %s, %s)"
            does.append((sql, (number, code, name)))
            sql = "INSERT INTO section_flat (NIV, S_ID, S_PARENT, S_CODE, S_DESCRIPTION) VALUES (1, %s, 0, %s, %s)"
            does.append((sql, (number, code, name)))
        elif is_now[1:] != (name, 0):
            does.append(("UPDATE section SET S_DESCRIPTION = %s, S_INACTIVE = 0 WHERE S_ID = %s", (name, is_now[0])))
            does.append(("UPDATE section_flat SET S_DESCRIPTION = %s WHERE S_ID = %s", (name, is_now[0])))
        own("section", code)

    for grade in wanted["grades"]:
        code, name, level = grade["code"], plain(grade["name"])[:50], grade["level"]
        is_now = found["grades"].get(code)
        if is_now is None:
            sql = "INSERT INTO grade (G_DESCRIPTION, G_LEVEL, G_GRADE, G_TYPE, G_CATEGORY)"
            does.append((sql + " VALUES (%s, %s, %s, 'COD', 'PATS')", (name, level, code)))
        elif is_now != (name, level):
            does.append(("UPDATE grade SET G_DESCRIPTION = %s, G_LEVEL = %s WHERE G_GRADE = %s", (name, level, code)))
        own("grade", code)

    for person in wanted["people"]:
        login, values = person["login"], person_of(person, sections)
        is_now = found["people"].get(login)
        if is_now is None:
            does.append((ADDED, (*values, login)))
        elif is_now != values:
            does.append((CHANGED, (*values, login)))
        own("person", login)

    wanted_now = {person["login"] for person in wanted["people"]}
    for kind, login in sorted(ours):
        is_now = found["people"].get(login) if kind == "person" and login not in wanted_now else None
        if is_now is not None and is_now[-2:] != (NOBODY, 1):
            does.append(("UPDATE pompier SET GP_ID = %s, P_OLD_MEMBER = 1 WHERE P_CODE = %s", (NOBODY, login)))
    kept = {section["code"] for section in wanted["sections"]}
    for kind, code in sorted(ours):
        is_now = found["sections"].get(code) if kind == "section" and code not in kept else None
        if is_now is not None and is_now[2] == 0:
            does.append(("UPDATE section SET S_INACTIVE = 1 WHERE S_ID = %s", (is_now[0],)))
    return does


def found_in(database):
    settings = rows(database, "SELECT NAME, VALUE FROM configuration")
    sections = rows(database, "SELECT S_CODE, S_ID, S_DESCRIPTION, S_INACTIVE FROM section")
    return {
        "settings": {name.strip(): value or "" for name, value in settings},
        "admin": rows(database, "SELECT P_MDP, P_NB_CONNECT FROM pompier WHERE P_ID = %s", ADMIN)[0],
        "sections": {code: tuple(values) for code, *values in sections},
        "grades": {
            code: tuple(values) for code, *values in rows(database, "SELECT G_GRADE, G_DESCRIPTION, G_LEVEL FROM grade")
        },
        "people": {code: tuple(values) for code, *values in rows(database, FOUND)},
        "ours": set(rows(database, "SELECT KIND, CODE FROM maquette")),
    }


def told():
    wanted = json.load(sys.stdin)
    # The same algorithm, by the name that PHP 7.4 knows.
    wanted["admin"] = re.sub(r"^\$2b\$", "$2y$", wanted["admin"])
    return wanted


def check_people():
    wanted = told()
    with connected(DATABASE) as database:
        does = changes(wanted, found_in(database))
    if does:
        sys.exit("%d changes are to be made in eBrigade" % len(does))


def keep_people():
    wanted = told()
    with connected(DATABASE) as database:
        for sql, values in changes(wanted, found_in(database)):
            rows(database, sql, *values)
        database.commit()


VERBS = {
    ("files", "check"): check_files,
    ("files", "unpack"): make_files,
    ("database", "check"): check_database,
    ("database", "make"): make_database,
    ("people", "check"): check_people,
    ("people", "keep"): keep_people,
    ("dump",): dump,
    ("load",): load,
}


def main(argv):
    verb = VERBS.get(tuple(argv))
    if verb is None:
        print(__doc__, file=sys.stderr)
        return 64
    try:
        verb()
    except Exception as error:
        sys.exit(str(error) if isinstance(error, Failed) else "%s: %s" % (type(error).__name__, error))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
