import { Fault } from "../../core/fault.ts";
import { formatAddress } from "../../core/ip.ts";
import { secret } from "../../core/secret-place.ts";
import { fqdnOf, hostsOf, portOf } from "../../plan/query.ts";
import type { Plan, Service } from "../../plan/types.ts";
import type { Command, FileContent, Measured, RoleContext, RoleWork, Step } from "../role.ts";
import { keptAt, measuredAt, watchedAt, serverCertificate } from "../service.ts";
import { defineRole, type Settled } from "../settings.ts";
import CALL_QUALITY from "./call_quality.py";
import { announcementsOf, boxLines, numberLines, phoneSections } from "./files.ts";
import { CONFERENCE_PIN, numberFindings, numbersOf, type Numbers } from "./numbers.ts";
import { callersOutside, probes } from "./probes.ts";
import { voicemailSender } from "./sender.ts";
import { settings } from "./settings.ts";
import { troubles } from "./troubles.ts";

const PROGRAM = "/usr/local/lib/maquette/pbx.py";
const WANTED = "/etc/maquette/pbx.json";
const OWNER = "root:asterisk";
const QUALITY = "/var/log/asterisk/quality.csv";
/** Who called whom, and when. */
const CALLS = "/var/log/asterisk/cdr-csv";
/** What phones were told by their users: Asterisk's own database. */
const SETTINGS = "/var/lib/asterisk/astdb.sqlite3";

/** Below it many users are dissatisfied (ITU-T G.107, annex B), among whom is the one who hears it. */
const POOR = 70;
const QUALITY_OF_CALLS: Omit<Measured, "host"> = {
  word: "calls",
  name: "Qualité du pire appel des cinq dernières minutes (100 : personne n'a téléphoné)",
  program: CALL_QUALITY,
  // Two seconds of 20 ms each, so that there is something to be judged.
  input: JSON.stringify({ file: QUALITY, seconds: 300, packets: 100 }),
  unit: "",
  everySeconds: 30,
  deadlineSeconds: 10,
  problems: [
    { name: "Un appel s'est mal entendu", isWrong: (item) => `last(${item})<${POOR}`, unless: [], unlessSilent: [] },
  ],
};

/** The telephone exchange: Asterisk, for the phones of staff and desks. */
export const pbx = defineRole({
  id: "pbx",
  settings,
  machine: { memoryMiB: 1024, diskGiB: 8 },
  packages: [
    ...["asterisk", "asterisk-core-sounds-fr-wav", "asterisk-moh-opsound-gsm", "espeak-ng"],
    ...["fail2ban", "msmtp", "python3", "sox"],
  ],
  templates: [
    ...["modules.conf", "pjsip.conf", "pjsip_phones.conf", "extensions.conf", "voicemail.conf", "confbridge.conf"],
    ...["features.conf", "rtp.conf", "cdr.conf", "indications.conf", "logger.conf", "asterisk.service.conf"],
    ...["jail.conf", "msmtp.conf", "logrotate.conf", "tmpfiles.conf", "pbx.py"],
  ],
  neighbours: [],
  work,
  // svc-pbx, by which it may look up who is in the directory.
  asks: (plan) => ({
    accounts: ["pbx"],
    people: callersOutside(plan).map((p) => p.login),
    watched: watchedAt(plan, "pbx", ["sip-tls"], ["sip-tls"]),
    measured: measuredAt(plan, "pbx", QUALITY_OF_CALLS),
    kept: keptAt(plan, "pbx", {
      paths: ["/var/spool/asterisk/voicemail", CALLS, QUALITY],
      sqlite: [SETTINGS],
      units: ["asterisk"],
    }),
  }),
  findings: numberFindings,
  probes,
  troubles,
  sessions: { run: { argv: ["asterisk", "-rx", "core show channels concise"] }, read: callsOf },
  manual: "docs/roles/pbx.md",
});

/** Asterisk's `core show channels concise`: a leg a line, its fields between `!`; the last is its unique id. */
export function callsOf(stdout: string): readonly string[] {
  return stdout.split("\n").flatMap((line) => {
    const [channel = "", , number = "", ...rest] = line.split("!");
    const account = /^PJSIP\/(.*)-[0-9a-f]+$/.exec(channel)?.[1];
    return account === undefined ? [] : [`${account} at ${number} (${rest.at(-1) ?? ""})`];
  });
}

type Context = RoleContext & Settled<typeof settings>;

const py = (verb: string): Command => ({ argv: ["python3", PROGRAM, verb, WANTED] });

function work(context: Context): RoleWork {
  const { plan, host, fill } = context;
  const numbers = numbersOf(plan, context.settings);
  const label = `sip-${host.id}`;
  return {
    certificates: {
      [label]: serverCertificate(plan, host),
    },
    steps: [
      { kind: "packages", name: "packages", packages: pbx.packages },
      {
        kind: "files",
        name: "programs",
        files: {
          [PROGRAM]: { content: fill("pbx.py", {}), mode: "0755" },
          [WANTED]: { content: wantedOf(numbers) },
          "/etc/tmpfiles.d/maquette-pbx.conf": { content: fill("tmpfiles.conf", {}) },
          "/etc/logrotate.d/maquette-pbx": { content: fill("logrotate.conf", {}) },
        },
        check: [{ argv: ["python3", "-m", "json.tool", `new:${WANTED}`, "/dev/null"] }],
        reload: [{ argv: ["systemd-tmpfiles", "--create", "/etc/tmpfiles.d/maquette-pbx.conf"] }],
      },
      { kind: "command", name: "announcements", unless: py("announced"), run: py("announce") },
      transports(context, label),
      {
        kind: "units",
        name: "Asterisk, running",
        units: ["asterisk"],
        state: "running",
      },
      phones(context, numbers),
      ...throttle(context),
    ],
  };
}

/** What `pbx.py` holds against what Asterisk has loaded: the checker that Asterisk does not have. */
const wantedOf = (numbers: Numbers): string =>
  `${JSON.stringify(
    {
      phones: [...numbers.people, ...numbers.desks].map((p) => p.account),
      numbers: [...numbers.people, ...numbers.desks, ...numbers.groups, ...numbers.emergency]
        .map((n) => n.number)
        .concat(numbers.conference, numbers.settings.codes.voicemail, numbers.settings.codes.echo),
      applications: ["Dial", "VoiceMail", "VoiceMailMain", "ConfBridge", "Echo", "Playback"],
      transports: ["tls", "udp"],
      announcements: announcementsOf(numbers),
    },
    null,
    1,
  )}\n`;

function transports({ plan, host, fill }: Context, label: string): Step {
  const [certificate, key] = ["/etc/asterisk/keys/pbx.crt", "/etc/asterisk/keys/pbx.key"];
  const ports = rtpPorts(plan);
  const own = (content: FileContent["content"]): FileContent => ({ content, owner: OWNER, mode: "0640" });
  return {
    kind: "files",
    // People read this name in a preview.
    name: "transports, certificate, modules (a change restarts Asterisk, calls in progress get 30 s)",
    files: {
      "/etc/asterisk/modules.conf": own(fill("modules.conf", {})),
      "/etc/asterisk/pjsip.conf": own(
        fill("pjsip.conf", {
          address: formatAddress(host.nics[0]!.address),
          tlsPort: String(need(plan, "sip-tls", "tcp")),
          udpPort: String(need(plan, "sip", "udp")),
          certificate,
          key,
        }),
      ),
      "/etc/asterisk/rtp.conf": own(fill("rtp.conf", { first: String(ports.lo), last: String(ports.hi) })),
      [certificate]: own([secret("vault-certificate", label), "\n"]),
      [key]: own([secret("vault-key", label), "\n"]),
      "/etc/systemd/system/asterisk.service.d/maquette.conf": { content: fill("asterisk.service.conf", {}) },
    },
    check: [{ argv: ["openssl", "x509", "-noout", "-in", `new:${certificate}`] }],
    verify: [{ argv: ["systemd-analyze", "verify", "--man=no", "asterisk.service"] }],
    reload: [py("restart")],
    // Phones come with the next step.
    probe: { argv: ["sh", "-c", "asterisk -rx 'pjsip show transports' | grep -q '^Transport:  tls'"] },
  };
}

function phones({ plan, fill }: Context, numbers: Numbers): Step {
  const { people, desks, settings: told } = numbers;
  const all = [...people, ...desks];
  const own = (content: FileContent["content"]): FileContent => ({ content, owner: OWNER, mode: "0640" });
  const ringSeconds = String(told.ringSeconds);
  const sender = voicemailSender(plan);
  const [mail] = hostsOf(plan, "mail");
  const server = mail === undefined ? "localhost" : fqdnOf(plan, mail);
  const { voicemail, blindTransfer, attendedTransfer } = told.codes;
  return {
    kind: "files",
    name: "phones, numbers, voicemail (no call is cut)",
    files: {
      "/etc/asterisk/pjsip_phones.conf": own(fill("pjsip_phones.conf", { phones: phoneSections(all) })),
      "/etc/asterisk/extensions.conf": own(
        fill("extensions.conf", {
          numbers: numberLines(numbers),
          ringSeconds,
          quality: QUALITY,
          mockup: "An announcement in the place of the emergency services",
        }),
      ),
      "/etc/asterisk/voicemail.conf": own(fill("voicemail.conf", { boxes: boxLines(all), sender, code: voicemail })),
      "/etc/asterisk/confbridge.conf": own(fill("confbridge.conf", { pin: secret("pin", CONFERENCE_PIN) })),
      "/etc/asterisk/features.conf": own(fill("features.conf", { ringSeconds, blindTransfer, attendedTransfer })),
      "/etc/asterisk/cdr.conf": own(fill("cdr.conf", {})),
      "/etc/asterisk/indications.conf": own(fill("indications.conf", {})),
      "/etc/asterisk/logger.conf": own(fill("logger.conf", {})),
      "/etc/asterisk/msmtp.conf": own(
        fill("msmtp.conf", {
          server,
          sender,
          domain: plan.domain.name,
          port: String(portOf(plan, "smtp", "tcp") ?? 25),
        }),
      ),
    },
    reload: [py("reload")],
    probe: py("check"),
  };
}

function throttle({ fill, settings: { guesses } }: Context): readonly Step[] {
  const file = "/etc/fail2ban/jail.local";
  const values = { attempts: String(guesses.attempts), minutes: String(guesses.minutes) };
  return [
    {
      kind: "files",
      name: "against guessing",
      files: { [file]: { content: fill("jail.conf", values) } },
      verify: [{ argv: ["fail2ban-client", "-t"] }],
      reload: [{ argv: ["systemctl", "restart", "fail2ban"] }],
      probe: { argv: ["fail2ban-client", "status", "asterisk"] },
    },
    { kind: "units", name: "against guessing, running", units: ["fail2ban"], state: "running" },
  ];
}

/** @throws Fault ROLE_NO_SERVICE where the plan does not say the port */
function need(plan: Plan, service: Service["id"], protocol: "tcp" | "udp"): number {
  const port = portOf(plan, service, protocol);
  if (port === undefined) throw withoutService(service);
  return port;
}

function rtpPorts(plan: Plan): { readonly lo: number; readonly hi: number } {
  const terms = plan.services.get("rtp")?.terms ?? [];
  const [range] = terms.flatMap((term) => (term.protocol === "udp" ? term.ports : []));
  if (range === undefined) throw withoutService("rtp");
  return range;
}

const withoutService = (service: string): Fault =>
  new Fault(
    "ROLE_NO_SERVICE",
    `The telephone exchange needs the ports of the service ${service}, which the plan does not name.`,
    "Add it to services.yaml, as the lab's has it.",
  );
