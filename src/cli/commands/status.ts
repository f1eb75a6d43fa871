import { findEmbedded } from "../../embedded/control.ts";
import { clientFor } from "../../pve/client/environment.ts";
import { join } from "node:path";
import type { Command } from "../command.ts";
import { readSettings } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { guestTable } from "../guest-table.ts";
import { identityOf, planOf } from "../plan-of.ts";
import { wordsOf } from "../words.ts";
import { printFindings } from "../findings.ts";

/** The guests as the API sees them; starts nothing. Exit 1 when one is missing or does not run. */
export const status: Command = async (context) => {
  const settings = await readSettings(context);
  const outcome = await planOf(context, settings, undefined);
  if (!outcome.ok) {
    printFindings(context, [...outcome.errors, ...outcome.warnings], (text) => context.io.err(text));
    return exitCodes.findings;
  }
  const endpoint = context.isEmbedded
    ? await findEmbedded(context.folders)
    : { url: settings.endpoint!, tokenFile: join(context.folders.run, "token"), caFile: null };
  if (!endpoint) {
    if (context.isJson) context.io.out(JSON.stringify({ guests: [] }));
    else context.io.out(wordsOf(context.language).noLab);
    return exitCodes.findings;
  }
  const { naming } = await identityOf(context, settings, outcome.value);
  const listed = await (await clientFor(endpoint, settings.insecure)).listVms();
  const states = [...outcome.value.hosts.values()].map((host) => {
    const vm = listed.find((v) => v.vmid === naming.vmId(host));
    return {
      host: host.id,
      role: host.role,
      vmId: naming.vmId(host),
      node: vm?.node ?? null,
      state: vm?.status ?? "missing",
    };
  });
  if (context.isJson) context.io.out(JSON.stringify({ guests: states }));
  else context.io.out(guestTable(context, outcome.value, naming, listed));
  return states.every((s) => s.state === "running") ? exitCodes.good : exitCodes.findings;
};
