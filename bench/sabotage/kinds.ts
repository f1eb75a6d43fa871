/*
 * What is done to a router at the moment in which it takes a changed file. Its own program for that is wrapped, in the
 * guest: the file that it is given is another, or what it has done is undone behind its back.
 */

export interface Sabotage {
  readonly name: string;
  /** What the file is changed by on its way (sed, extended expressions); nothing where it arrives as it was sent. */
  readonly file?: string;
  /** What is done in the guest once the file is loaded (sh). */
  readonly after?: string;
  /** The operator dies so long after the first router began to try the file. */
  readonly killAfterMs?: number;
}

/** By seed: which kind, and where it strikes. @param router its number among the pair: its last octet is 2 or 3 */
export function sabotageOf(seed: number, draw: () => number): Sabotage & { readonly router: "rtr-a" | "rtr-b" } {
  const one = <T>(list: readonly T[]): T => list[Math.floor(draw() * list.length)]!;
  const router = one(["rtr-a", "rtr-b"] as const);
  const own = router === "rtr-a" ? 2 : 3;
  const zone = one([
    ["10.20.20", "vtnet4"],
    ["10.20.30", "vtnet5"],
    ["10.20.40", "vtnet6"],
  ] as const);
  const port = one(["tcp dport 53", "udp dport 123", "tcp dport 443", "tcp dport 22", "icmp type echo-request"]);
  const kinds: readonly Sabotage[] = [
    { name: `own address ${zone[0]}.${own} in the file`, file: `s#>${zone[0]}.${own}<#>${zone[0]}.77<#` },
    {
      name: `own address ${zone[0]}.${own} in the kernel`,
      after: `ip address del ${zone[0]}.${own}/24 dev ${zone[1]}`,
    },
    { name: "SSH's port in the file", file: "s#<ssh>#<ssh><port>2222</port>#" },
    {
      name: "SSH's port closed",
      after: "nft insert rule inet maquette filter_in tcp dport 22 fib daddr type local drop",
    },
    { name: "CARP: another password in the file", file: "s#<password>[^<]*</password>#<password>wrong</password>#" },
    { name: `the kernel drops ${port}`, after: `nft insert rule inet maquette filter_in ${port} drop` },
    { name: "the operator killed in the middle", killAfterMs: Math.floor(draw() * 8_000) },
  ];
  return { ...kinds[seed % kinds.length]!, router };
}

/** The program of a router that takes a file, sabotaged. */
export function wrapper({ file, after }: Sabotage): string {
  const real = 'node /usr/lib/maquette/router/router.js load "$@"';
  return [
    "#!/bin/sh",
    "# maquette-load, sabotaged",
    'case "$*" in',
    "*incoming*)",
    ...(file === undefined ? [] : [`  sed -i -E '${file}' /cf/conf/incoming.xml`]),
    `  ${real} || exit $?`,
    ...(after === undefined ? [] : [`  ${after}`]),
    "  ;;",
    `*) exec ${real} ;;`,
    "esac",
    "",
  ].join("\n");
}
