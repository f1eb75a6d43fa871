import type { Host, Person, Plan } from "../../plan/types.ts";
import { personPassword } from "../person.ts";
import type { ClientWork, FileContent } from "../role.ts";
import type { Fill } from "../template.ts";
import { certificateFor, probeTravellers, travellerCertificate, triersOf } from "./people.ts";
import { gatewayOf, profileOf } from "./profile.ts";

/* What a road warrior's machine gets: the profiles as which acceptance tries the tunnel. */

/** Of the first of acceptance's people; `systemctl start openvpn-client@maquette` asks for a password. */
const OWN_PROFILE = "/etc/openvpn/client/maquette.conf";
export const profilePath = (name: string): string => `/etc/maquette/vpn/${name}.ovpn`;

/** Label of a certificate of somebody with the right, revoked from its first moment on. */
const REVOKED_CERTIFICATE = "trial.revoked";
/** The profile with it. */
export const REVOKED = "revoked";

/**
 * A tunnel as one of acceptance's people, as tunnel.py takes it, and what its probe holds: OpenVPN ends whoever is under a
 * certificate by which somebody comes in.
 */
export const tunnelAs = (
  who: Person,
  patience: number,
): { readonly tunnel: Readonly<Record<string, unknown>>; readonly holds: string } => ({
  tunnel: { profile: profilePath(who.login), remote: null, login: who.login, password: personPassword(who), patience },
  holds: `vpn ${who.login}`,
});

/** No password is among them. */
export function travellersMachine(plan: Plan, host: Host, fill: Fill): ClientWork | null {
  const gateway = gatewayOf(plan);
  const triers = triersOf(plan);
  if (!host.roles.includes("field") || gateway === null || triers === undefined) return null;
  const { first, outsider } = triers;
  const file = (content: FileContent["content"]): FileContent => ({ content, mode: "0600" });
  const own = [...probeTravellers(plan), outsider];
  return {
    certificates: {
      ...Object.fromEntries(own.map((p) => [travellerCertificate(p), certificateFor(plan, p)] as const)),
      // For good: each new one would be another list for every host.
      [REVOKED_CERTIFICATE]: { ...certificateFor(plan, first), days: plan.authority.years * 365, isRevoked: true },
    },
    steps: [
      {
        kind: "files",
        name: "VPN profiles of acceptance's people",
        files: {
          [OWN_PROFILE]: file(profileOf(plan, gateway, first, fill)),
          ...Object.fromEntries(own.map((p) => [profilePath(p.login), file(profileOf(plan, gateway, p, fill))])),
          [profilePath(REVOKED)]: file(profileOf(plan, gateway, first, fill, REVOKED_CERTIFICATE)),
        },
      },
    ],
  };
}
