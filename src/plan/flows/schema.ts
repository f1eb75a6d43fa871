import * as z from "zod";
import { date, id, line, names, naming, reference } from "../scalars.ts";

const ends = (description: string, kind: "end" | "member" = "end"): z.ZodArray<z.ZodString> =>
  names(`${description}: any, internet, firewall, a zone, host, pool, group, address or network`, kind);

const group = z
  .strictObject({
    description: line("What the members have in common"),
    members: ends("Members", "member"),
  })
  .register(z.globalRegistry, { description: "A named list of ends" });

const switched = reference("Switch that it stands or falls with", "switch").optional();

const wayIn = z
  .strictObject({
    description: line("What is switched"),
    enabled: z
      .boolean()
      .register(z.globalRegistry, { description: "false takes away the rows, forwards and invariants that name it" }),
  })
  .register(z.globalRegistry, { description: "One line that takes away several rows" });

const flow = z
  .strictObject({
    id: z
      .string()
      .regex(/^F\d{3,4}$/)
      .register(z.globalRegistry, {
        description: "F and three or four digits, the first being the section",
        examples: ["F412"],
      }),
    section: z.literal([1, 2, 3, 4, 5, 6]).register(z.globalRegistry, {
      description:
        "ANSSI's section: 1 to the firewall, 2 from it, 3 its protection, 4 business, 5 noise, 6 final refusal",
    }),
    from: ends("Source"),
    to: ends("Destination, after port forwarding"),
    services: names("Services of services.yaml", "service"),
    action: z
      .enum(["allow", "deny", "reject"])
      .register(z.globalRegistry, { description: "deny drops in silence, reject answers" }),
    log: z.boolean().register(z.globalRegistry, { description: "Whether the routers log it" }),
    owner: reference("Department that answers for the row", "department"),
    switch: switched,
    description: line("Why the row exists"),
  })
  .register(z.globalRegistry, { description: "A row of the flow table" });

const forward = z
  .strictObject({
    wans: names("WAN zones on whose VIP the port is open", "zone"),
    service: reference("Service that is forwarded", "service"),
    host: reference("Inside host that it reaches, on the same port", "host"),
    switch: switched,
    description: line("Why it is open"),
  })
  .register(z.globalRegistry, { description: "A port forward" });

const invariant = z
  .strictObject({
    description: line("What must hold"),
    kind: z.enum(["never", "always"]).register(z.globalRegistry, {
      description: "never: nothing may pass but the rows of `except`; always: everything must pass",
    }),
    from: ends("Source"),
    to: ends("Destination"),
    services: names("Services that it is about", "service"),
    switch: switched,
    except: z
      .array(z.string().min(1).max(200).register(naming, { kind: "flow" }))
      .register(z.globalRegistry, { description: "Rows that are allowed; with never only" })
      .optional(),
  })
  .register(z.globalRegistry, { description: "What the flow table must keep true, whatever its rows" });

const waiver = z
  .strictObject({
    code: z
      .string()
      .regex(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/)
      .max(100)
      .register(z.globalRegistry, { description: "Code of the finding that is accepted" }),
    flow: reference("Row that it is accepted for", "flow"),
    owner: reference("Department that answers for it", "department"),
    reason: line("Why it is accepted"),
    expires: date("Last day on which it holds"),
  })
  .register(z.globalRegistry, { description: "A finding that is accepted for a time" });

export const flows = z
  .strictObject({
    groups: z.record(id(), group).register(z.globalRegistry, { description: "Groups of ends by name" }).optional(),
    flows: z
      .array(flow)
      .min(1)
      .register(z.globalRegistry, { description: "The flow table; the first row that matches decides" }),
    switches: z.record(id(), wayIn).register(z.globalRegistry, { description: "Switches by name" }).optional(),
    forwards: z.record(id(), forward).register(z.globalRegistry, { description: "Port forwards by name" }).optional(),
    invariants: z.record(id(), invariant).register(z.globalRegistry, { description: "Invariants by name" }).optional(),
    waivers: z.record(id(), waiver).register(z.globalRegistry, { description: "Waivers by name" }).optional(),
  })
  .register(z.globalRegistry, {
    title: "Flow table",
    description: "The firewall flow table in ANSSI's order, forwards, invariants, waivers",
  });

export type FlowsDocument = z.infer<typeof flows>;
