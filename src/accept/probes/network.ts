import { formatAddress } from "../../core/ip.ts";
import type { Host, Plan, Zone } from "../../plan/types.ts";
import { routersOf } from "../../policy/space.ts";
import { webAddress } from "../../roles/internet/index.ts";
import type { Probe } from "../../roles/role.ts";
import { askCommand, judgeOpen } from "./ask.ts";
import { needsOf } from "./invariants.ts";

/* What the network itself promises: both routers answer their administrator, each carries by both accesses, and a workstation reaches the Internet. */

export function networkProbes(plan: Plan): readonly Probe[] {
  const routers = routersOf(plan);
  const accesses = [...plan.zones.values()].filter((z) => z.wan !== null);
  return [
    ...routers.flatMap((r) => administered(plan, r)),
    ...routers.flatMap((r) => accesses.map((z) => carries(plan, r, z))),
    ...browsing(plan),
  ].filter((p) => p.needs.length > 0);
}

function administered(plan: Plan, router: Host): readonly Probe[] {
  const bastion = [...plan.hosts.values()].find((h) => h.role === "bastion");
  const leg = router.nics.find((n) => n.zone === bastion?.nics[0]!.zone);
  if (!bastion || !leg) return [];
  return [
    {
      id: `${router.id}-administered`,
      needs: needsOf(plan, `host:${router.id}`),
      from: bastion.id,
      title: {
        fr: `${router.id} répond à son administrateur (SSH)`,
        en: `${router.id} answers its administrator (SSH)`,
      },
      expected: "SSH-2.0",
      run: askCommand([
        { name: `${router.id} tcp/22`, protocol: "tcp", address: leg.address, port: 22, greeting: "SSH-2.0-" },
      ]),
      judge: judgeOpen(),
      dependsOn: { host: router.id, units: ["ssh.service"] },
    },
  ];
}

/** The router's own question to what lies beyond the access, by that access: Linux and FreeBSD say it otherwise. */
const PING = `case $(uname) in
FreeBSD) exec ping -n -c 3 -t 3 -S "$1" "$2" ;;
*) exec ping -n -c 3 -i 0.3 -W 2 -I "$1" "$2" ;;
esac`;

function carries(plan: Plan, router: Host, zone: Zone): Probe {
  const own = router.nics.find((n) => n.zone === zone.id)!;
  return {
    id: `${router.id}-${zone.id}`,
    needs: needsOf(plan, `zone:${zone.id}`),
    from: router.id,
    title: {
      fr: `${router.id} joint l'Internet par ${zone.id}`,
      en: `${router.id} reaches the Internet by ${zone.id}`,
    },
    expected: "3 echoes",
    run: { argv: ["sh", "-c", PING, "ping", formatAddress(own.address), formatAddress(zone.wan!.monitor)] },
    judge: ({ exitCode, stdout, stderr }) => {
      const received = /(\d+) (?:packets )?received/.exec(stdout)?.[1];
      return received === undefined
        ? { isGood: false, seen: stderr.trim().split("\n")[0] ?? `exit ${exitCode}` }
        : { isGood: Number(received) > 0, seen: `${received} of 3 echoes` };
    },
    dependsOn: null,
  };
}

/** By hand: Debian's least Python has no http module. `{address, port, timeout}` → the status line */
const GET = String.raw`
import json, socket, sys

asked = json.load(sys.stdin)
with socket.create_connection((asked["address"], asked["port"]), timeout=asked["timeout"]) as s:
    s.sendall(("GET / HTTP/1.0\r\nHost: %s\r\n\r\n" % asked["address"]).encode())
    with s.makefile("rb") as answer:
        print(answer.readline(200).decode("latin-1").strip())
`;

function browsing(plan: Plan): readonly Probe[] {
  const hosts = [...plan.hosts.values()];
  const internet = hosts.find((h) => h.role === "internet");
  const desk = hosts.find((h) => h.role === "workstation");
  if (!internet || !desk) return [];
  return [
    {
      id: `web-${desk.id}`,
      needs: needsOf(plan, ...[...plan.zones.values()].filter((z) => z.wan !== null).map((z) => `zone:${z.id}`)),
      from: desk.id,
      title: {
        fr: `${desk.id} ouvre une page web de l'Internet`,
        en: `${desk.id} opens a web page of the Internet`,
      },
      expected: "HTTP 200",
      run: {
        argv: ["python3", "-S", "-E", "-c", GET],
        input: JSON.stringify({ address: formatAddress(webAddress(plan, internet)), port: 80, timeout: 10 }),
      },
      judge: ({ exitCode, stdout, stderr }) => {
        const last = stderr.trim().split("\n").at(-1) ?? "";
        if (exitCode !== 0) return { isGood: false, seen: last === "" ? `exit ${exitCode}` : last };
        return { isGood: /^HTTP\/1\.[01] 200\b/.test(stdout), seen: stdout.trim() };
      },
      dependsOn: { host: internet.id, units: ["nginx.service"] },
    },
  ];
}
