import type { Diagnostic } from "../../../core/diagnostics.ts";
import type { Plan } from "../../../plan/types.ts";
import { windowsHosts } from "./steps.ts";

/** What Microsoft asks for of Windows 10, 64 bits, since version 1903. */
const LEAST = { memoryMiB: 2048, diskGiB: 32 } as const;

/** Posts on which Windows' Setup would refuse to begin, or to end. */
export const sizeFindings = (plan: Plan): readonly Diagnostic[] =>
  windowsHosts(plan)
    .filter(({ memoryMiB, disksGiB }) => memoryMiB < LEAST.memoryMiB || (disksGiB[0] ?? 0) < LEAST.diskGiB)
    .map(({ id, place, memoryMiB, disksGiB }) => ({
      ...{ code: "WORKSTATION_TOO_SMALL", severity: "error", place, path: `hosts.${id}` },
      fact: `Windows 10 asks for ${LEAST.memoryMiB} MiB and a first disk of ${LEAST.diskGiB} GiB; ${id} has ${memoryMiB} MiB and ${disksGiB[0] ?? 0} GiB`,
      hint: `Give it at least that much: \`memoryMiB: 4096\`, \`disksGiB: [64]\``,
    }));
