"""Whether Samba's databases hold together. Written by maquette.

    sound.py [FOLDER]   exit 1 and the first one that is gone, cut, or written over

A trivial database is a header, a hash table, and records to the end of the file, each with its length
and a magic number (lib/tdb/common/tdb_private.h); what is written over breaks that chain. Read under the library's own
lock, so that one that is being written is not taken for a damaged one.
"""

import glob
import os
import struct
import sys

PRIVATE = "/var/lib/samba/private"
# The domain, its configuration and schema, and the two of DNS.
PARTITIONS = 5
HEADER = struct.Struct("=32sIIIIIIII")
HEADER_BYTES = 168
RECORD = struct.Struct("=IIIIII")
USED, FREE, DEAD, RECOVERY = 0x26011999, 0xD9FEE666, 0xFEE1DEAD, 0xF53BC0E7
# What a file was made longer by: zeros, or the library's own fill (0x42, which is B).
UNWRITTEN = (0, 0x42424242)


def damage_of(data):
    """What breaks the chain of a database's records, in words; None where nothing does."""
    if len(data) < HEADER_BYTES:
        return "it is cut within its header"
    food, _version, hash_size, _rwlocks, recovery, *_ = HEADER.unpack_from(data)
    if not food.startswith(b"TDB file\n"):
        return "it does not begin as a database"
    at = HEADER_BYTES + 4 * (hash_size + 1)
    while at < len(data):
        if at + RECORD.size > len(data):
            return "it is cut within a record at %d" % at
        _next, length, _key, _data, _hash, magic = RECORD.unpack_from(data, at)
        if magic in UNWRITTEN and at != recovery:
            rest = data[at:]
            unwritten = len(rest) - len(rest.lstrip(b"\0B"))
            if unwritten < RECORD.size:
                return "no record at %d" % at
            at += unwritten
            continue
        if magic not in (USED, FREE, DEAD, RECOVERY, 0):
            return "no record at %d" % at
        at += RECORD.size + length
    return None if at == len(data) else "its last record is longer than it is"


def read(path):
    # Samba's own; not there where this is only tried.
    import tdb

    database = tdb.open(path, flags=os.O_RDWR)
    try:
        database.read_lock_all()
        with open(path, "rb") as file:
            return file.read()
    finally:
        database.close()


def check(folder):
    partitions = sorted(glob.glob(os.path.join(glob.escape(folder), "sam.ldb.d", "*.ldb")))
    if len(partitions) < PARTITIONS:
        return "a part of sam.ldb.d is gone"
    for path in [os.path.join(folder, name) for name in ("sam.ldb", "secrets.ldb")] + partitions:
        try:
            damage = damage_of(read(path))
        except (OSError, RuntimeError) as error:
            damage = "it cannot be opened (%s)" % error
        if damage:
            return "%s is damaged: %s" % (os.path.relpath(path, folder), damage)
    return None


if __name__ == "__main__":
    sys.exit(check(sys.argv[1] if len(sys.argv) > 1 else PRIVATE))
