/*
 * What runs in guests: Python's minimal standard library, which every guest has; input and output are one JSON
 * document each. Nothing of them stays, and each ends by itself.
 */

/**
 * Sends IPv4 packets as frames from a guest's own card to a neighbour, which it finds by ARP (RFC 826).
 * `{mac, sender, neighbour, packets: [base64], perSecond, deadline}` → `{neighbour, sent, device}`
 */
export const SEND_FRAMES = String.raw`
import base64, json, os, select, socket, struct, sys, time

asked = json.load(sys.stdin)
deadline = time.monotonic() + asked["deadline"]
mac = bytes.fromhex(asked["mac"].replace(":", ""))
device = None
for name in os.listdir("/sys/class/net"):
    try:
        with open("/sys/class/net/%s/address" % name) as f:
            if f.read().strip().lower() == asked["mac"].lower():
                device = name
    except OSError:
        pass
if device is None:
    print(json.dumps({"failure": "no card with the MAC %s" % asked["mac"]}))
    sys.exit(0)

ETH_IP, ETH_ARP = 0x0800, 0x0806
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_ARP))
wire.bind((device, ETH_ARP))
sender, neighbour = socket.inet_aton(asked["sender"]), socket.inet_aton(asked["neighbour"])
ask = b"\xff" * 6 + mac + struct.pack("!HHHBBH", ETH_ARP, 1, ETH_IP, 6, 4, 1) + mac + sender + b"\0" * 6 + neighbour
found, again = None, 0.0
while found is None and time.monotonic() < deadline:
    if time.monotonic() >= again:
        wire.send(ask)
        again = time.monotonic() + 0.2
    if select.select([wire], [], [], 0.05)[0]:
        frame = wire.recv(2048)
        # A reply (2) from the neighbour; the destination may be ours or everybody.
        if frame[12:14] == struct.pack("!H", ETH_ARP) and frame[20:22] == b"\0\2" and frame[28:32] == neighbour:
            found = frame[22:28]
if found is None:
    print(json.dumps({"failure": "nobody answers ARP for %s on %s" % (asked["neighbour"], device)}))
    sys.exit(0)

head = found + mac + struct.pack("!H", ETH_IP)
start, sent = time.monotonic(), 0
for packet in asked["packets"]:
    wait = start + sent / asked["perSecond"] - time.monotonic()
    if wait > 0:
        time.sleep(wait)
    if time.monotonic() > deadline:
        break
    wire.send(head + base64.b64decode(packet))
    sent += 1
print(json.dumps({"neighbour": found.hex(":"), "sent": sent, "device": device}))
`;

/**
 * Sends IPv4 packets from the machine itself, through its own filter.
 * `{packets: [{to, bytes}], perSecond, deadline}` → `{results: [errno]}`, 0 where the kernel took the packet
 */
export const SEND_OWN = String.raw`
import base64, json, socket, sys, time

asked = json.load(sys.stdin)
deadline = time.monotonic() + asked["deadline"]
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
start, results = time.monotonic(), []
for packet in asked["packets"]:
    wait = start + len(results) / asked["perSecond"] - time.monotonic()
    if wait > 0:
        time.sleep(wait)
    if time.monotonic() > deadline:
        break
    try:
        raw.sendto(base64.b64decode(packet["bytes"]), (packet["to"], 0))
        results.append(0)
    except OSError as error:
        results.append(error.errno)
print(json.dumps({"results": results}))
`;

/**
 * Starts tcpdump on all interfaces, and conntrack for what the router accepts; answers when both listen. They end by
 * themselves after a while, whatever becomes of whoever started them.
 * `{limit, filter}` → `{pids, folder, links: {index: name}}`
 */
export const START_CAPTURE = String.raw`
import json, os, subprocess, sys, tempfile, time

asked = json.load(sys.stdin)
folder = tempfile.mkdtemp(prefix="maquette-capture-", dir="/run")
said, states = open(folder + "/said", "w"), open(folder + "/states", "w")
timed = ["timeout", "--signal=INT", "--kill-after=5", str(asked["limit"])]
dumping = ["tcpdump", "-i", "any", "-y", "LINUX_SLL2", "-n", "-U", "--immediate-mode", "-Z", "root", "-s", "256", "-B", "8192"]
dumping += ["-w", folder + "/file", asked["filter"]]
listening = ["conntrack", "-E", "-e", "NEW", "-o", "extended", "-b", "4194304"]

def start(words, out):
    return subprocess.Popen(timed + words, stdin=subprocess.DEVNULL, stdout=out, stderr=said, start_new_session=True)

def subscribers():
    # Sockets that netfilter (12) tells of new connections (group 1).
    with open("/proc/net/netlink") as f:
        rows = [line.split() for line in f][1:]
    return {r[0] for r in rows if r[1] == "12" and int(r[3], 16) & 1}

before = subscribers()
dump, listen = start(dumping, said), start(listening, states)
deadline = time.monotonic() + 10

while True:
    with open(folder + "/said") as f:
        text = f.read()
    if "listening on" in text and subscribers() - before:
        break
    if dump.poll() is not None or listen.poll() is not None or time.monotonic() > deadline:
        for child in (dump, listen):
            try:
                os.killpg(child.pid, 9)
            except ProcessLookupError:
                pass
        print(json.dumps({"failure": "it cannot be captured at: " + "; ".join(text.strip().split("\n")[-2:])}))
        sys.exit(0)
    time.sleep(0.01)
links = {}
for name in os.listdir("/sys/class/net"):
    try:
        with open("/sys/class/net/%s/ifindex" % name) as f:
            links[f.read().strip()] = name
    except OSError:
        pass
print(json.dumps({"pids": [dump.pid, listen.pid], "folder": folder, "links": links}))
`;

/**
 * Waits until the capture holds each of the marks and has grown no more for a moment, ends it and hands it over.
 * `{pids, folder, marks: [hex], deadline, quiet}` → `{file: base64, states, missing, said}`
 */
export const END_CAPTURE = String.raw`
import base64, json, os, shutil, signal, subprocess, sys, time

asked = json.load(sys.stdin)
folder, pids = asked["folder"], asked["pids"]
marks = [bytes.fromhex(m) for m in asked["marks"]]
deadline = time.monotonic() + asked["deadline"]

def held():
    try:
        with open(folder + "/file", "rb") as f:
            return f.read()
    except OSError:
        return b""

data, still = held(), time.monotonic()
while time.monotonic() < deadline:
    if all(m in data for m in marks) and time.monotonic() - still >= asked["quiet"]:
        break
    time.sleep(0.02)
    now = held()
    # Replies of the marked packets count; a busy network's other packets must not hold us for ever: the deadline ends it.
    if now.count(b"mqw1") != data.count(b"mqw1"):
        still = time.monotonic()
    data = now
missing = sum(1 for m in marks if m not in data)

def signal_all(number):
    """To whole sessions: timeout(1) and what it runs. Whether any is left."""
    left = False
    for pid in pids:
        try:
            os.killpg(pid, number)
            left = True
        except ProcessLookupError:
            pass
    return left

# What is open since before: protocols without ports have one connection for all.
known = subprocess.run(["conntrack", "-L", "-o", "extended"], capture_output=True, text=True, timeout=10).stdout
signal_all(signal.SIGINT)
end = time.monotonic() + 5
while signal_all(0):
    if time.monotonic() > end:
        signal_all(signal.SIGKILL)
    time.sleep(0.01)
data = held()
with open(folder + "/said") as f:
    said = f.read()
with open(folder + "/states") as f:
    states = f.read() + known
shutil.rmtree(folder, ignore_errors=True)
print(json.dumps({"file": base64.b64encode(data).decode(), "states": states, "missing": missing, "said": said}))
`;
