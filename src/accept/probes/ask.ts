import { z } from "zod";
import { formatAddress, type Address } from "../../core/ip.ts";
import type { Command, Probe } from "../../roles/role.ts";

/** Something that may answer: `mail tcp/993`. */
export interface Target {
  readonly name: string;
  readonly protocol: "tcp" | "udp";
  readonly address: Address;
  readonly port: number;
  /** What a server says first; without it an answer of any kind counts. */
  readonly greeting?: string;
}

/** A SYN is sent again after one second (tcp(7)), so that one lost packet is no silence. */
const WAIT_SECONDS = 2.5;

/**
 * Asks all targets at once and says what became of each: `open`, `refused` (a reset, or ICMP says that nobody listens),
 * `silent`, `unreachable` (this host knows no way). `{targets, wait}` → `[{name, result, said}]`
 */
const ASK = String.raw`
import errno, json, select, socket, sys, time

asked = json.load(sys.stdin)
OPTIONS = ("OPTIONS sip:probe@%s SIP/2.0\r\nVia: SIP/2.0/UDP 0.0.0.0:5060;branch=z9hG4bK-maquette;rport\r\n"
  "From: <sip:probe@invalid>;tag=maquette\r\nTo: <sip:probe@%s>\r\nCall-ID: maquette-probe\r\nCSeq: 1 OPTIONS\r\n"
  "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n")
answers, waiting, poll = [], {}, select.poll()

def settle(fd, result, said=""):
    target, s = waiting.pop(fd)
    poll.unregister(fd)
    s.close()
    answers.append({"name": target["name"], "result": result, "said": said})

for target in asked["targets"]:
    is_tcp = target["protocol"] == "tcp"
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if is_tcp else socket.SOCK_DGRAM)
    s.setblocking(False)
    waiting[s.fileno()] = (target, s)
    poll.register(s.fileno(), select.POLLOUT if is_tcp else select.POLLIN)
    code = s.connect_ex((target["address"], target["port"]))
    if code == 0 and not is_tcp:
        try:
            s.send((OPTIONS % (target["address"], target["address"])).encode())
        except OSError as error:
            code = error.errno
    if code not in (0, errno.EINPROGRESS):
        settle(s.fileno(), "refused" if code == errno.ECONNREFUSED else "unreachable", errno.errorcode.get(code, ""))
end = time.monotonic() + asked["wait"]
while waiting and time.monotonic() < end:
    for fd, _ in poll.poll(max(0, (end - time.monotonic()) * 1000)):
        if fd not in waiting:
            continue
        target, s = waiting[fd]
        code = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        try:
            if code == 0 and target["protocol"] == "tcp" and not target.get("greeting"):
                settle(fd, "open")
            elif code == 0 and target["protocol"] == "tcp" and not target.get("connected"):
                target["connected"] = True
                poll.modify(fd, select.POLLIN)
            elif code == 0:
                said = s.recv(256).decode("latin-1").split("\r")[0].split("\n")[0][:80]
                wanted = target.get("greeting")
                settle(fd, "open" if not wanted or said.startswith(wanted) else "refused", said)
            else:
                settle(fd, "refused" if code == errno.ECONNREFUSED else "unreachable", errno.errorcode.get(code, ""))
        except BlockingIOError:
            continue
        except OSError as error:
            settle(fd, "refused", errno.errorcode.get(error.errno, ""))
for fd in list(waiting):
    settle(fd, "silent", "connected" if waiting[fd][0].get("connected") else "")
print(json.dumps(answers))
`;

export const askCommand = (targets: readonly Target[]): Command => ({
  // Nothing of the guest's own settings or site packages has a say (python3(1): -S, -E).
  argv: ["python3", "-S", "-E", "-c", ASK],
  input: JSON.stringify({
    wait: WAIT_SECONDS,
    targets: targets.map((t) => ({ ...t, address: formatAddress(t.address) })),
  }),
});

const answerList = z.array(
  z.object({ name: z.string(), result: z.enum(["open", "refused", "silent", "unreachable"]), said: z.string() }),
);
export type Answer = z.infer<typeof answerList>[number];

/** What the script said, or why it said nothing. */
function answersIn(said: Parameters<Probe["judge"]>[0]): readonly Answer[] | string {
  if (said.exitCode !== 0) return `exit ${said.exitCode}: ${said.stderr.trim().split("\n").at(-1) ?? ""}`;
  try {
    return answerList.parse(JSON.parse(said.stdout));
  } catch {
    return `no answer of the asking program: ${JSON.stringify(said.stdout.slice(0, 80))}`;
  }
}

/** Most that is named in a table's cell. */
const NAMED = 3;
const some = (names: readonly string[]): string =>
  names.length <= NAMED ? names.join(", ") : `${names.slice(0, NAMED).join(", ")} … (${names.length})`;

/** All of them must be open. */
export const judgeOpen = (): Probe["judge"] => (said) => {
  const answers = answersIn(said);
  if (typeof answers === "string") return { isGood: false, seen: answers };
  const others = answers.filter((a) => a.result !== "open");
  if (others.length === 0)
    return {
      isGood: answers.length > 0,
      seen: answers.length === 1 ? answers[0]!.said || "open" : `${answers.length} open`,
    };
  return { isGood: false, seen: some(others.map((a) => `${a.name} ${a.result}`)) };
};

/**
 * All must be silent but the controls, of which one must answer: where nothing at all gets through, silence shows
 * nothing.
 */
export const judgeSilent =
  (controls: ReadonlySet<string>): Probe["judge"] =>
  (said) => {
    const answers = answersIn(said);
    if (typeof answers === "string") return { isGood: false, seen: answers };
    const answered = answers.filter((a) => a.result === "open" || a.result === "refused");
    const wrong = answered.filter((a) => !controls.has(a.name));
    if (wrong.length > 0) return { isGood: false, seen: some(wrong.map((a) => `${a.name} ${a.result}`)) };
    const control = answered.find((a) => controls.has(a.name));
    const asked = answers.length - answers.filter((a) => controls.has(a.name)).length;
    return control
      ? { isGood: asked > 0, seen: `${asked} silent; ${control.name} ${control.result}` }
      : { isGood: false, seen: `nothing shown: ${some([...controls])} should answer and is silent too` };
  };
