import { Fault } from "../../core/fault.ts";
import { beside } from "../../stack/beside.ts";
import type { Connect } from "../resource-type.ts";
import type { RoleInputs } from "./inputs.ts";

const EVERY_MS = 5_000;

/**
 * Work on a host for as long as that, and the bastion that it is reached through, have power: one that lost it says no
 * word of it, and would be waited for until the deadline of a boot.
 * @throws Fault STEP_GUEST_OFF, and what the work throws
 */
export async function whilePowered<T>(
  role: Pick<RoleInputs, "host" | "vmId" | "mark" | "reach">,
  connect: Connect,
  work: Promise<T>,
  everyMs = EVERY_MS,
): Promise<T> {
  const { bastion } = role.reach;
  const needed = new Map([
    [role.vmId, role.host],
    [bastion.vmId, bastion.host],
  ]);
  const offNow = async (): Promise<readonly number[]> => {
    const vms = await connect().listVms();
    return [...needed.keys()].filter((id) =>
      vms.some((vm) => vm.vmid === id && vm.tags.includes(role.mark) && vm.status === "stopped"),
    );
  };
  let before: readonly number[] = [];
  return beside(work, everyMs, async () => {
    // Whether the API answers is not the question here.
    const off = await offNow().catch(() => []);
    // Seen twice: one that restarts is off for a moment.
    const gone = off.find((id) => before.includes(id));
    if (gone !== undefined) throw lostPower(needed.get(gone)!, role.host);
    before = off;
  });
}

const lostPower = (guest: string, host: string): Fault =>
  new Fault(
    "STEP_GUEST_OFF",
    `${guest} has lost its power${guest === host ? "" : `, and ${host} is reached through it`}.`,
    `Run \`maquette up\` again: it starts ${guest} and goes on. \`maquette logs ${guest}\` may say why.`,
  );
