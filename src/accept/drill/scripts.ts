/*
 * The programs at both ends of a drill's paths: Python's minimal standard library. They go to the background, say when
 * they are ready, end when they are told to (SIGTERM), and by themselves after their limit whatever happens.
 */

export const BACKGROUND = String.raw`
import json, os, select, signal, socket, struct, subprocess, sys, time

asked = json.load(sys.stdin)
ready_read, ready_write = os.pipe()

def answer(**what):
    os.write(ready_write, (json.dumps(what) + "\n").encode())

if os.fork() > 0:
    os.close(ready_write)
    # Until it is ready, or ended without a word.
    text = b""
    while not text.endswith(b"\n"):
        if not select.select([ready_read], [], [], asked["patience"])[0]:
            break
        part = os.read(ready_read, 65536)
        if not part:
            break
        text += part
    print(text.decode() or json.dumps({"failure": "it ended before it was ready"}))
    sys.exit(0)
os.setsid()
os.close(ready_read)
nothing = os.open("/dev/null", os.O_RDWR)
for stream in (0, 1, 2):
    os.dup2(nothing, stream)
limit = time.monotonic() + asked["limit"]
stopped = []
signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
`;

/**
 * Echoes whatever comes to a TCP port. Where a service has the port already, what comes from the asker alone is led
 * to another one meanwhile.
 * `{port, client, limit, patience}` → `{pid}`
 */
export const ECHO = `${BACKGROUND}${String.raw`
TABLE = "maquette_drill"

def listen(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("0.0.0.0", port))
    s.listen(1024)
    s.setblocking(False)
    return s

redirected = False
try:
    try:
        server = listen(asked["port"])
    except OSError:
        if asked["client"] is None:
            raise
        server = listen(0)
        rules = """table ip %s
delete table ip %s
table ip %s { chain in { type nat hook prerouting priority -110; policy accept;
  ip saddr %s tcp dport %d redirect to :%d } }
""" % (TABLE, TABLE, TABLE, asked["client"], asked["port"], server.getsockname()[1])
        subprocess.run(["nft", "-f", "-"], input=rules.encode(), check=True, stdout=subprocess.DEVNULL)
        redirected = True
except (OSError, subprocess.CalledProcessError) as error:
    answer(failure="port %d cannot be listened on: %s" % (asked["port"], error))
    sys.exit(0)

poll = select.epoll()
poll.register(server, select.EPOLLIN)
peers = {}
answer(pid=os.getpid())
try:
    while not stopped and time.monotonic() < limit:
        try:
            events = poll.poll(0.2)
        except InterruptedError:
            continue
        for fd, _ in events:
            if fd == server.fileno():
                while True:
                    try:
                        peer, _ = server.accept()
                    except OSError:
                        break
                    peer.setblocking(False)
                    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    peers[peer.fileno()] = peer
                    poll.register(peer, select.EPOLLIN)
                continue
            peer = peers[fd]
            try:
                data = peer.recv(65536)
                if data:
                    peer.send(data)
                    continue
            except BlockingIOError:
                continue
            except OSError:
                pass
            poll.unregister(peer)
            del peers[fd]
            peer.close()
finally:
    if redirected:
        subprocess.run(["nft", "delete", "table", "ip", TABLE], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
`}`;

/**
 * On each path a SYN from a new port every few milliseconds, an answer of either kind is the path's, and one open
 * session that sends as often and hears its own words. Times are this guest's, monotonic, in microseconds.
 *
 * `{paths: [{address, port}], every, timeout, folder, limit, patience}` → `{pid}`; the folder then holds `log`, a line
 * for each event, and `state`, for whoever waits:
 *   p PATH SENT ANSWERED|-      a probe
 *   s PATH SEQUENCE SENT        the session's message
 *   e PATH SEQUENCE HEARD       its echo
 *   x PATH TIME WHY             the session ended
 */
export const PROBE = `${BACKGROUND}${String.raw`
import errno

folder = asked["folder"]
os.makedirs(folder, mode=0o700, exist_ok=True)
log = open(folder + "/log", "w", buffering=1 << 20)
every, timeout = asked["every"] / 1000, asked["timeout"] / 1000
paths = [(p["address"], p["port"]) for p in asked["paths"]]
poll = select.epoll()
# Its number, and when it was said.
MESSAGE = struct.Struct("!QQ")

def now():
    return time.monotonic_ns() // 1000

# When the last message was said that was heard again. Not when something was heard: after an outage TCP repeats what is
# oldest first, and to hear that is no sign that what is said now comes through.
sessions, rest, heard = [], [b""] * len(paths), [0] * len(paths)
try:
    for address in paths:
        s = socket.create_connection(address, timeout=asked["patience"] / 2)
        s.setblocking(False)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poll.register(s, select.EPOLLIN)
        sessions.append(s)
except OSError as error:
    answer(failure="no session to %s port %d: %s" % (address + (error,)))
    sys.exit(0)
of_session = {s.fileno(): i for i, s in enumerate(sessions)}
# By descriptor: path, when sent, socket. In the order in which they were sent.
open_probes = {}
# When the last probe was sent that was answered.
up = [0] * len(paths)
sequence = 0

def settle(fd, answered):
    path, sent, s = open_probes.pop(fd)
    log.write("p %d %d %s\n" % (path, sent, answered if answered is not None else "-"))
    if answered is not None:
        up[path] = max(up[path], sent)
    try:
        poll.unregister(s)
    except OSError:
        pass
    # Without a farewell that the other end would have to wait for.
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()

def end_session(path, why):
    log.write("x %d %d %s\n" % (path, now(), why))
    poll.unregister(sessions[path])
    sessions[path].close()
    sessions[path] = None

def probe(path):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    sent = now()
    code = s.connect_ex(paths[path])
    if code not in (0, errno.EINPROGRESS, errno.ECONNREFUSED):
        # No route, no neighbour: as good as no answer.
        log.write("p %d %d -\n" % (path, sent))
        s.close()
        return
    fd = s.fileno()
    open_probes[fd] = (path, sent, s)
    if code == errno.EINPROGRESS:
        poll.register(s, select.EPOLLOUT)
    else:
        settle(fd, now())

def tell():
    log.flush()
    with open(folder + "/state.new", "w") as f:
        json.dump({"now": now(), "answered": up, "heard": heard, "open": [s is not None for s in sessions]}, f)
    os.rename(folder + "/state.new", folder + "/state")

tell()
answer(pid=os.getpid())
tick, told = time.monotonic(), 0.0
while not stopped and tick < limit:
    tick = max(tick + every, time.monotonic() - every)
    for path in range(len(paths)):
        probe(path)
        s = sessions[path]
        if s is not None:
            sequence += 1
            try:
                said = now()
                # Full buffers: the kernel keeps what is there already, and that is enough to hear from.
                s.send(MESSAGE.pack(sequence, said))
                log.write("s %d %d %d\n" % (path, sequence, said))
            except BlockingIOError:
                pass
            except OSError as error:
                end_session(path, errno.errorcode.get(error.errno, "?"))
    while True:
        wait = tick - time.monotonic()
        try:
            events = poll.poll(max(0, wait))
        except InterruptedError:
            events = []
        for fd, what in events:
            if fd in of_session and sessions[of_session[fd]] is not None:
                path = of_session[fd]
                try:
                    data = sessions[path].recv(65536)
                except BlockingIOError:
                    continue
                except OSError as error:
                    end_session(path, errno.errorcode.get(error.errno, "?"))
                    continue
                if not data:
                    end_session(path, "EOF")
                    continue
                data, at = rest[path] + data, now()
                whole = len(data) // MESSAGE.size * MESSAGE.size
                rest[path] = data[whole:]
                for n, said in MESSAGE.iter_unpack(data[:whole]):
                    log.write("e %d %d %d\n" % (path, n, at))
                    heard[path] = said
            elif fd in open_probes:
                code = open_probes[fd][2].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                settle(fd, now() if code in (0, errno.ECONNREFUSED) else None)
        if time.monotonic() >= tick:
            break
    # Before the kernel sends a SYN again (tcp(7): after a second), so that an answer is that probe's.
    for fd in [fd for fd, (_, sent, _) in open_probes.items() if sent < now() - timeout * 1e6]:
        settle(fd, None)
    if time.monotonic() - told >= 0.1:
        told = time.monotonic()
        tell()
for path, s in enumerate(sessions):
    if s is not None:
        s.close()
log.flush()
log.close()
`}`;

/** Ends a program of these and waits until it is gone. `{pid, deadline}` → `{}` */
export const END = String.raw`
import json, os, signal, sys, time

asked = json.load(sys.stdin)
deadline = time.monotonic() + asked["deadline"]
number = signal.SIGTERM
while True:
    try:
        os.kill(asked["pid"], number)
        number = 0 if time.monotonic() < deadline else signal.SIGKILL
    except ProcessLookupError:
        break
    time.sleep(0.02)
print("{}")
`;

/** This guest's clock. → `{now}`, microseconds */
export const CLOCK = `import json, time; print(json.dumps({"now": time.monotonic_ns() // 1000}))`;
