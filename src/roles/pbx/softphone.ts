import { secret } from "../../core/secret-place.ts";
import { compose } from "../../core/text.ts";
import { fqdnOf, hostsOf, portOf } from "../../plan/query.ts";
import type { Host, Plan } from "../../plan/types.ts";
import { CA_FILE } from "../base/trust.ts";
import type { Need, Step } from "../role.ts";
import type { Fill } from "../template.ts";
import { deskAt } from "./numbers.ts";

/** The loopback port on which the desk's phone is told what to do. */
const CONTROL = 4444;
const FOLDER = "/etc/maquette/softphone";
/** RFC 3261 §19.1.2: SIP over TLS, where the plan does not say. */
export const SIPS = 5061;
const KEEPER = "/usr/local/lib/maquette/softphone.py";

/** Packages of a host that has a softphone. */
export const SOFTPHONE_PACKAGES = ["baresip-core", "python3"];

/**
 * The softphone of a workstation that has a desk number: its account is the desk's, so that nobody's secret is on a machine
 * that is not theirs.
 * @param fill of the workstation's templates
 */
export function softphoneSteps(plan: Plan, host: Host, fill: Fill): readonly Step[] {
  const desk = deskAt(plan, host);
  const [server] = hostsOf(plan, "pbx");
  if (desk === undefined || server === undefined) return [];
  const own = { owner: "root:maquette-phone", mode: "0640" };
  const name = fqdnOf(plan, server);
  const port = String(portOf(plan, "sip-tls", "tcp") ?? SIPS);
  const account = compose(
    `"${desk.name}" <sip:${desk.account}@${name}:${port};transport=tls>`,
    [`;auth_user=${desk.account};auth_pass=`, secret("password", desk.secret)],
    ";regint=30;mediaenc=srtp;answermode=manual;audio_codecs=G722/16000/1,PCMA/8000/1\n",
  );
  return [
    {
      kind: "files",
      name: "softphone's user",
      files: { "/etc/sysusers.d/maquette-phone.conf": { content: fill("sysusers.conf", {}) } },
      reload: [{ argv: ["systemd-sysusers", "/etc/sysusers.d/maquette-phone.conf"] }],
    },
    {
      kind: "files",
      name: "softphone",
      files: {
        [`${FOLDER}/config`]: {
          content: fill("softphone.conf", { authority: CA_FILE, control: String(CONTROL) }),
          ...own,
        },
        [`${FOLDER}/accounts`]: { content: account, ...own },
        [`${FOLDER}/contacts`]: { content: "# Written by maquette.\n", ...own },
        [KEEPER]: { content: fill("softphone.py", {}), mode: "0755" },
        "/etc/systemd/system/maquette-softphone.service": {
          content: fill("softphone.service", { keeper: KEEPER, server: name, port }),
        },
      },
      verify: [{ argv: ["systemd-analyze", "verify", "--man=no", "maquette-softphone.service"] }],
      reload: [{ argv: ["systemctl", "daemon-reload"] }, { argv: ["systemctl", "restart", "maquette-softphone"] }],
      probe: { argv: ["sh", "-c", `ss -Hltn sport = :${CONTROL} | grep -q .`] },
    },
    { kind: "units", name: "softphone, running", units: ["maquette-softphone"], state: "running" },
  ];
}

/**
 * What a road warrior's phone is set up with: no account, which is a person's own and on no machine of the lab.
 * @param fill of the machine's templates
 */
export function travellersPhone(plan: Plan, fill: Fill): readonly Step[] {
  if (hostsOf(plan, "pbx").length === 0) return [];
  return [
    {
      kind: "files",
      name: "softphone",
      files: {
        "/etc/sysusers.d/maquette-phone.conf": { content: 'u maquette-phone - "Softphone"\n' },
        [`${FOLDER}/config`]: { content: fill("softphone.conf", { authority: CA_FILE, control: String(CONTROL) }) },
      },
      reload: [{ argv: ["systemd-sysusers", "/etc/sysusers.d/maquette-phone.conf"] }],
    },
  ];
}

/** Whom its phone registers with: what is there before it is found at its first try. */
export const softphoneAfter = (plan: Plan, host: Host): readonly Host["id"][] =>
  deskAt(plan, host) === undefined ? [] : hostsOf(plan, "pbx").map((server) => server.id);

export function softphoneNeeds(plan: Plan, host: Host): readonly Need[] {
  const [server] = hostsOf(plan, "pbx");
  if (deskAt(plan, host) === undefined || server === undefined) return [];
  return ["sip-tls", "rtp"].map((service) => ({
    what: "telephones",
    services: [service],
    to: { kind: "host", host: server.id },
  }));
}
