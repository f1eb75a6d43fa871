import { BACKGROUND } from "./scripts.ts";

/**
 * A member of the domain that keeps asking its controllers, each question by itself: in their order and as a client
 * does (`q`: whoever answers first within its patience), and each controller alone (`d`). Raw protocols and curl, for
 * a workstation has no more than that: SRV records by DNS (RFC 2782), an account's Kerberos AS exchange up to the
 * demand for a proof (RFC 4120, KDC_ERR_PREAUTH_REQUIRED), and its bind over LDAPS with the lab's CA.
 *
 * `{servers: [{name, address}], domain, realm, base, login, password, authority, every, timeout, folder, limit,
 * patience}` → `{pid}`; times are this guest's, monotonic, in microseconds. The folder then holds `log`, and `state` for
 * whoever waits:
 *   q QUESTION STARTED ENDED SERVER|-      asked as a client does
 *   d QUESTION STARTED ENDED SERVER 1|0    asked of one controller
 */
export const ASK_DOMAIN = `${BACKGROUND}${String.raw`
import threading

folder = asked["folder"]
os.makedirs(folder, mode=0o700, exist_ok=True)
log = open(folder + "/log", "w", buffering=1)
with open(folder + "/ca.pem", "w") as f:
    f.write(asked["authority"])
every, timeout = asked["every"] / 1000, asked["timeout"] / 1000
lock = threading.Lock()
answered, direct, why = {}, {}, {}

def now():
    return time.monotonic_ns() // 1000

def tlv(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    size = bytes([n]) if n < 128 else bytes([129, n]) if n < 256 else bytes([130, n >> 8, n & 255])
    return bytes([tag]) + size + body

def integer(n):
    return tlv(2, n.to_bytes(n.bit_length() // 8 + 1, "big"))

def principal(kind, *names):
    strings = [tlv(0x1b, n.encode()) for n in names]
    return tlv(0x30, tlv(0xa0, integer(kind)), tlv(0xa1, tlv(0x30, *strings)))

def as_req():
    realm = asked["realm"]
    body = tlv(0x30,
        tlv(0xa0, tlv(3, b"\0\0\0\0\0")),
        tlv(0xa1, principal(1, asked["login"])),
        tlv(0xa2, tlv(0x1b, realm.encode())),
        tlv(0xa3, principal(2, "krbtgt", realm)),
        tlv(0xa5, tlv(0x18, b"20370913024805Z")),
        tlv(0xa7, integer(int.from_bytes(os.urandom(4), "big") >> 1)),
        tlv(0xa8, tlv(0x30, integer(18), integer(17))))
    return tlv(0x6a, tlv(0x30, tlv(0xa1, integer(5)), tlv(0xa2, integer(10)), tlv(0xa4, body)))

def kerberos(server):
    message = as_req()
    with socket.create_connection((server["address"], 88), timeout=timeout) as s:
        s.sendall(struct.pack("!I", len(message)) + message)
        data = s.recv(4096)
    # KRB-ERROR, error-code [6].
    at = data.find(b"\xa6\x03\x02\x01")
    code = data[at + 4] if len(data) > 4 and data[4] == 0x7e and at > 0 else None
    if code != 25:
        raise OSError("the KDC says %s" % ("error %d" % code if code is not None else "nothing of use"))

def dns(server):
    number = os.urandom(2)
    name = b"".join(bytes([len(l)]) + l.encode() for l in ("_ldap._tcp." + asked["domain"]).split(".")) + b"\0"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(timeout)
        s.connect((server["address"], 53))
        s.send(number + b"\1\0\0\1\0\0\0\0\0\0" + name + b"\0\x21\0\1")
        data = s.recv(4096)
    if data[:2] != number or data[3] & 15 != 0 or data[6:8] == b"\0\0":
        raise OSError("no SRV records: code %d" % (data[3] & 15))

def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

def ldaps(server):
    # By standard input: everybody on a host can read its process list.
    config = "\n".join([
        "silent", "show-error", "max-time = %s" % timeout, "cacert = " + quoted(folder + "/ca.pem"),
        "user = " + quoted("%s@%s:%s" % (asked["login"], asked["domain"], asked["password"])),
        "url = " + quoted("ldaps://%s/%s?cn?sub?(sAMAccountName=%s)" % (server["address"], asked["base"], asked["login"]))])
    ran = subprocess.run(["curl", "--config", "-"], input=config.encode(), capture_output=True, timeout=timeout)
    if ran.returncode != 0 or b"DN:" not in ran.stdout:
        raise OSError(ran.stderr.decode().strip()[:120] or "nobody of that name")

def says(question, server):
    try:
        QUESTIONS[question](server)
        return True
    except (OSError, ValueError, IndexError, subprocess.SubprocessError) as error:
        with lock:
            why["%s %s" % (question, server["name"])] = str(error)[:160]
        return False

def as_client(question):
    for server in asked["servers"]:
        if says(question, server):
            return server["name"]
    return None

def keep(work):
    while not stopped and time.monotonic() < limit:
        begun = time.monotonic()
        work()
        rest = begun + every - time.monotonic()
        if rest > 0:
            time.sleep(rest)

def client(question):
    def once():
        started = now()
        name = as_client(question)
        with lock:
            log.write("q %s %d %d %s\n" % (question, started, now(), name or "-"))
            if name:
                answered[question] = started
    keep(once)

def alone(question, server):
    key = "%s %s" % (question, server["name"])
    def once():
        started = now()
        is_good = says(question, server)
        with lock:
            log.write("d %s %d %d %s %d\n" % (question, started, now(), server["name"], is_good))
            direct[key] = {"at": started, "good": is_good}
    keep(once)

QUESTIONS = {"dns": dns, "kerberos": kerberos, "ldaps": ldaps}
threads = [threading.Thread(target=client, args=(q,), daemon=True) for q in QUESTIONS]
threads += [threading.Thread(target=alone, args=(q, s), daemon=True) for q in QUESTIONS for s in asked["servers"]]
for t in threads:
    t.start()
answer(pid=os.getpid())
while not stopped and time.monotonic() < limit:
    with lock:
        text = json.dumps({"now": now(), "answered": answered, "direct": direct, "why": why})
    with open(folder + "/state.new", "w") as f:
        f.write(text)
    os.rename(folder + "/state.new", folder + "/state")
    time.sleep(0.1)
for t in threads:
    t.join(timeout + 2)
log.close()
`}`;
