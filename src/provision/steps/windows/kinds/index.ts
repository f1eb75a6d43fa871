import type { SentStep } from "../../work.ts";
import { command } from "./command.ts";
import { files } from "./files.ts";
import type { Of, WindowsKind } from "./kind.ts";
import { packages } from "./packages.ts";
import { probe } from "./probe.ts";
import { units } from "./units.ts";

const kinds: { readonly [K in SentStep["kind"]]: WindowsKind<Of<K>> } = { packages, files, command, units, probe };

/** What is done with a step: it is of the kind that is asked for. */
export const windowsKind = (name: SentStep["kind"]): WindowsKind<SentStep> => kinds[name];
