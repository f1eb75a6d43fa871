import { Fault } from "../../core/fault.ts";
import type { SshConnection } from "../../door/index.ts";
import { findOwn } from "../ownership.ts";
import { hasOtherNetwork } from "../seed.ts";
import { PartlyDone } from "../partly-done.ts";
import { checkedBy, type Connect, type ResourceType } from "../resource-type.ts";
import type { InTurn } from "../turns.ts";
import type { SecretSource } from "../secrets.ts";
import { driftOf } from "./drift.ts";
import { stepFault } from "./failure.ts";
import type { StateEvent } from "./observed.ts";
import { reachOf, roleInputs, roleState, type RoleInputs } from "./inputs.ts";
import { runnerOf } from "./runner-of.ts";
import { whilePowered } from "./powered.ts";
import type { Reached } from "./reach.ts";
import { digestOf, resolverOf, sentRole } from "./filled.ts";
import { CLOCK_SECONDS } from "./work.ts";

/** What is needed to speak with hosts; each made at its first use. */
export interface StepTools {
  readonly connect: Connect;
  readonly secrets: () => Promise<SecretSource>;
  readonly reached: () => Promise<Reached>;
  /** Work on a host, when it is its turn. */
  readonly inTurn: InTurn;
}

const identity = ["host", "role", "vmId"] as const;
const content = ["mark", "reach", "steps", "authority", "certificates", "digest"] as const;

/** Looks at a role's host without changing it. */
async function look(role: RoleInputs, tools: StepTools, waitMs: number): Promise<StateEvent> {
  const sent = await sentRole(role, await tools.secrets());
  const reached = await tools.reached();
  const again = (): Promise<SshConnection> => reached.to(reachOf(role), waitMs);
  return runnerOf(await again(), role.reach.os, again).check([sent]);
}

/** Routers that elect, or a machine that is held up, may cost a connection; a host that loses every one is in trouble. */
const AGAIN = 2;

/** Windows installs itself before it answers first (roles/workstation/windows), and its updates while it starts. */
const WINDOWS_MS = 900_000;

/** A guest that runs answers within this; where it boots, `create` waits longer. */
const READ_MS = 30_000;

/**
 * A role on a host. Created and updated alike: what is so already is left alone, so a run that failed goes on where it
 * stopped. It goes with its guest: a guest that was made again knows nothing of it, and gets it again.
 */
export function roleResource(tools: StepTools): ResourceType {
  /** What is so already is left alone, so a host that was lost on the way is entered again, and goes on. */
  const apply = async (role: RoleInputs): Promise<string> => {
    for (let again = AGAIN; ; again--) {
      try {
        return await applyOnce(role);
      } catch (error) {
        const fault = error instanceof PartlyDone ? error.cause : error;
        if (again === 0 || !(fault instanceof Fault) || fault.code !== "STEP_CUT") throw error;
      }
    }
  };
  const applyOnce = async (role: RoleInputs): Promise<string> => {
    const secrets = await tools.secrets();
    const sent = await sentRole(role, secrets);
    if (digestOf(sent.steps, secrets) !== role.digest)
      throw new Fault(
        "STEP_DIGEST",
        `What the provider would write on ${role.host} is not what the program declared.`,
        "A secret or certificate changed in between: run the same command again.",
      );
    const reached = await tools.reached();
    const connection = await whilePowered(
      role,
      tools.connect,
      reached.to(reachOf(role), role.reach.os === "windows" ? WINDOWS_MS : undefined),
    );
    let instance: string | undefined;
    const partly = (fault: Fault): Error =>
      instance === undefined ? fault : new PartlyDone(fault, idOf(role, instance), { ...role, instance });
    try {
      const runner = runnerOf(connection, role.reach.os, () => reached.to(reachOf(role), WINDOWS_MS));
      const failure = await whilePowered(
        role,
        tools.connect,
        tools.inTurn(() =>
          runner.apply([sent], (event) => {
            if (event.event === "hello") ({ instance } = event);
            if (event.event === "hello" && role.role !== "base") refuseClock(role.host, event.now, Date.now() / 1000);
          }),
        ),
      );
      if (failure === undefined) return instance!;
      throw stepFault(role, failure, await resolverOf(role, secrets));
    } catch (error) {
      throw error instanceof Fault ? partly(error) : error;
    }
  };
  return {
    check: checkedBy(roleInputs),
    diff(olds, news) {
      const o = roleState.parse(olds);
      const n = roleInputs.safeParse(news);
      // Its guest is being replaced.
      if (!n.success) return { changes: true, replaces: ["vmId"], deleteBeforeReplace: true };
      const replaces = identity.filter((k) => o[k] !== n.data[k]);
      const changed =
        content.some((k) => JSON.stringify(o[k]) !== JSON.stringify(n.data[k])) || hasOtherNetwork(o, n.data);
      return { changes: changed || replaces.length > 0, replaces, deleteBeforeReplace: true };
    },
    async create(inputs) {
      const role = roleInputs.parse(inputs);
      const instance = await apply(role);
      return { id: idOf(role, instance), outs: { ...role, instance } };
    },
    async read(id, props) {
      const role = roleState.parse(props);
      const gone = { id: "", props: {} };
      const guest = await findOwn(tools.connect(), role.mark, role.vmId);
      if (!guest) return gone;
      // One that is off cannot be asked; it has what it had.
      if (guest.status !== "running") return { id, props: role, inputs: roleInputs.parse(role) };
      const seen = await look(role, tools, READ_MS);
      if (seen.instance !== role.instance) return gone;
      const resolve = await resolverOf(role, await tools.secrets());
      const steps = driftOf(role.steps, seen.roles[role.role] ?? [], resolve);
      return { id, props: { ...role, steps }, inputs: { ...roleInputs.parse(role), steps } };
    },
    async update(_olds, news) {
      const role = roleInputs.parse(news);
      return { ...role, instance: await apply(role) };
    },
    // It goes with its guest: what a role has made is taken away with the disk that it is on.
    delete: () => Promise.resolve(),
  };
}

/**
 * The base sets a clock right, or sees that somebody does; nothing else begins where it did not help.
 * @throws Fault STEP_CLOCK
 */
export function refuseClock(host: string, there: number, here: number): void {
  const off = Math.round(there - here);
  if (Math.abs(off) <= CLOCK_SECONDS) return;
  throw new Fault(
    "STEP_CLOCK",
    `The clock of ${host} is ${Math.abs(off)} s ${off > 0 ? "ahead" : "behind"}: neither certificates nor Kerberos would be believed there.`,
    `\`maquette ssh ${host} -- chronyc tracking\` says whom it asks; if this machine's own clock is the wrong one, set that. Then run \`maquette up\` again.`,
  );
}

const idOf = (role: RoleInputs, instance: string): string => `${role.host}/${role.role}@${instance}`;
