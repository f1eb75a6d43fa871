import { formatAddress } from "../core/ip.ts";
import type { Naming } from "../infra/world.ts";
import type { Plan } from "../plan/types.ts";
import type { ListedVm } from "../provision/ownership.ts";
import type { Context } from "./context.ts";
import { table } from "./table.ts";
import { wordsOf } from "./words.ts";

/** The guests of the plan, with what the API says of each. */
export function guestTable(
  context: Context,
  plan: Plan,
  naming: Naming,
  listed: readonly (ListedVm & { readonly status: string })[],
): string {
  const words = wordsOf(context.language);
  const rows = [...plan.hosts.values()].map((host) => {
    const vm = listed.find((v) => v.vmid === naming.vmId(host));
    const first = host.nics[0]!;
    const more = host.nics.length > 1 ? ` +${host.nics.length - 1}` : "";
    return [
      naming.guestName(host),
      host.role,
      vm?.node ?? "-",
      String(naming.vmId(host)),
      `${formatAddress(first.address)}${more}`,
      `${host.memoryMiB} MiB`,
      vm?.status ?? words.missing,
    ];
  });
  return table([words.guest, words.role, words.node, words.vmId, words.address, words.memory, words.state], rows);
}
