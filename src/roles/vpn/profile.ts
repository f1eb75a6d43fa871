import { formatAddress } from "../../core/ip.ts";
import { secret } from "../../core/secret-place.ts";
import type { Text } from "../../core/text.ts";
import { fqdnOf, fullName, hostsOf, portOf } from "../../plan/query.ts";
import type { Host, Person, Plan } from "../../plan/types.ts";
import type { Fill } from "../template.ts";
import { travellerCertificate, travellerKey } from "./people.ts";

const OPENVPN = "openvpn";
/** The gateway's own unit. */
export const UNIT = "openvpn-server@maquette.service";
export const CONFIG = "/etc/openvpn/server/maquette.conf";
export const PROFILE_TEMPLATE = "profile.ovpn";

export interface Gateway {
  readonly host: Host;
  readonly port: number;
}

/** The gateway of the plan; null where no host plays it or the plan does not say its port. */
export function gatewayOf(plan: Plan): Gateway | null {
  const [host] = hostsOf(plan, "vpn");
  const port = portOf(plan, OPENVPN, "udp");
  return host === undefined || port === undefined ? null : { host, port };
}

/** Where a client knocks: the shared address of each access that leads to the gateway, the preferred one first. */
export const accessesOf = (
  plan: Plan,
  { host }: Pick<Gateway, "host">,
): readonly { readonly zone: string; readonly address: string }[] =>
  [...plan.forwards.values()]
    .filter((f) => f.service === OPENVPN && f.host === host.id)
    .flatMap((f) => f.wans.map((id) => plan.zones.get(id)!))
    .sort((a, b) => (a.wan?.tier ?? 0) - (b.wan?.tier ?? 0))
    .flatMap((z) => (z.vip === null ? [] : [{ zone: z.id, address: formatAddress(z.vip.address) }]));

/**
 * A person's profile, one file for every system, with places for what is secret in it.
 * @param fill the role's
 * @param certificate label of the certificate, where it is not the person's own
 */
export function profileOf(
  plan: Plan,
  gateway: Gateway,
  person: Person,
  fill: Fill,
  certificate: string = travellerCertificate(person),
): Text {
  return fill(PROFILE_TEMPLATE, {
    domain: plan.domain.name,
    name: fullName(person),
    gateway: fqdnOf(plan, gateway.host),
    remotes: accessesOf(plan, gateway)
      .map(({ address }) => `remote ${address} ${gateway.port}`)
      .join("\n"),
    authority: secret("vault-certificate", "ca"),
    certificate: secret("vault-certificate", certificate),
    key: secret("vault-key", certificate),
    tlsCrypt: secret("tls-crypt-client", travellerKey(gateway.host, person)),
  });
}
