import * as z from "zod";
import { id, line, whole, type Complaint } from "../scalars.ts";

/** What is wrong with a port (`22`) or a range of ports (`10000-20000`), or undefined. */
function judgePort(value: number | string): Complaint | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(String(value));
  const lo = Number(match?.[1]);
  const hi = Number(match?.[2] ?? match?.[1]);
  if (!match || !(lo >= 1 && lo <= 65_535 && hi >= 1 && hi <= 65_535))
    return {
      code: "PLAN_BAD_PORT",
      fact: `${JSON.stringify(value)} is not a port`,
      hint: "A number from 1 to 65535, or a range such as 10000-20000",
    };
  if (lo > hi)
    return { code: "PLAN_RANGE_REVERSED", fact: `"${value}" ends before it begins`, hint: `Write ${hi}-${lo}` };
  return undefined;
}

const port = z.union([z.int(), z.string()]).check((ctx) => {
  const complaint = judgePort(ctx.value);
  if (complaint) ctx.issues.push({ code: "custom", input: ctx.value, message: complaint.fact, params: complaint });
});

// One flat object rather than a union by protocol: an editor completes every key, and `ports` on icmp gets a code and a
// hint of its own (resolve.ts) instead of "no variant matches".
const term = z
  .strictObject({
    protocol: z
      .enum(["tcp", "udp", "icmp", "ip", "any"])
      .register(z.globalRegistry, { description: "ip: another protocol, by its number" }),
    ports: z
      .array(port.register(z.globalRegistry, { description: "A port, or a range such as 10000-20000" }))
      .min(1)
      .register(z.globalRegistry, { description: "Destination ports; tcp and udp only" })
      .optional(),
    types: z
      .array(whole(0, 255, "ICMP type"))
      .min(1)
      .register(z.globalRegistry, { description: "ICMP types; all if left out" })
      .optional(),
    number: whole(0, 255, "IP protocol number; with protocol ip only").optional(),
  })
  .register(z.globalRegistry, { description: "One way in which the service is spoken" });

const service = z
  .strictObject({
    description: line("What the service is"),
    terms: z.array(term).min(1).register(z.globalRegistry, { description: "Protocols and ports" }),
  })
  .register(z.globalRegistry, { description: "A service of the flow table" });

export const services = z
  .strictObject({ services: z.record(id(), service).register(z.globalRegistry, { description: "Services by name" }) })
  .register(z.globalRegistry, {
    title: "Services",
    description: "Protocols and ports by the names that the flow table uses",
  });

export type ServicesDocument = z.infer<typeof services>;
export type TermEntry = z.infer<typeof term>;
