import { badParameters, failure } from "../api-error.ts";
import { faultRule } from "../faults.ts";
import { own } from "../world.ts";
import type { World } from "../world.ts";
import type { RawParameters } from "../schema/validate.ts";

export interface AdminOptions {
  readonly world: World;
  readonly build: string;
  readonly shutdown: () => void;
}

/**
 * The simulator's own calls, beside Proxmox' API and behind the same tokens: `/maquette/…`.
 * @returns the answer; undefined when there is no such call
 */
export async function handleAdmin(
  options: AdminOptions,
  verb: string,
  path: string,
  given: RawParameters,
): Promise<object | null | undefined> {
  const { world } = options;
  switch (`${verb} ${path}`) {
    case "GET /maquette/handshake":
      return {
        version: world.version.version,
        build: options.build,
        pid: process.pid,
        instance: world.state.instanceId,
        driver: world.driver.kind,
        nodes: Object.keys(world.state.nodes),
      };
    case "POST /maquette/shutdown":
      options.shutdown();
      return null;
    case "GET /maquette/faults":
      return world.faults.list();
    case "POST /maquette/faults":
      return { id: world.faults.add(readRule(given)) };
    case "DELETE /maquette/faults":
      world.faults.clear();
      return null;
    case "POST /maquette/unlock": {
      // What `qm unlock` does on a node: for guests that a power cut left half made.
      const vm = own(world.state.vms, String(textOf(given, "vmid")));
      if (vm === undefined) throw failure(`Configuration file for VM ${String(textOf(given, "vmid"))} does not exist`);
      delete vm.lock;
      world.touch();
      return null;
    }
    case "GET /maquette/console":
      return world.driver.console(Number(textOf(given, "vmid")), { tailLines: Number(textOf(given, "lines") ?? 100) });
    case "GET /maquette/journal": {
      const lines = String(Number(textOf(given, "lines") ?? 100));
      const argv = ["journalctl", "--no-pager", "-o", "short-iso", "-n", lines];
      return (await world.driver.exec(Number(textOf(given, "vmid")), argv, "")).stdout
        .split("\n")
        .filter((l) => l !== "");
    }
    case "POST /maquette/link":
      await world.driver.setLink(
        Number(textOf(given, "vmid")),
        Number(textOf(given, "net")),
        textOf(given, "up") === "1",
      );
      return null;
    default:
      return undefined;
  }
}

const textOf = (given: RawParameters, name: string): string | undefined => {
  const value = given[name];
  return typeof value === "string" ? value : undefined;
};

/** A rule comes as form fields or JSON; numbers are text by now. */
function readRule(given: RawParameters) {
  const numbers = new Set(["times", "afterMs", "status", "forMs"]);
  const values = Object.entries(given).map(([name, value]) => [name, numbers.has(name) ? Number(value) : value]);
  const parsed = faultRule.safeParse(Object.fromEntries(values));
  if (parsed.success) return parsed.data;
  throw badParameters(
    Object.fromEntries(parsed.error.issues.map((issue) => [issue.path.join(".") || "rule", issue.message])),
  );
}
