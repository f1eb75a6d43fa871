import * as z from "zod";
import { address, id, judged, line, naming, reference, whole } from "../scalars.ts";

// The name becomes a path in a storage of the hypervisor: no separators, nothing that starts with a dot.
const fileName = judged((value) =>
  /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(value)
    ? undefined
    : {
        code: "PLAN_BAD_VALUE",
        fact: `"${value}" is not a plain file name`,
        hint: "Letters, digits, dots and hyphens",
      },
)
  // A name on a disk has at most 255 bytes, and copies and temporaries add to it.
  .max(200)
  .register(z.globalRegistry, { description: "File name in the import storage" });

const url = judged((value) =>
  /^https:\/\/\S+$/.test(value) && URL.canParse(value)
    ? undefined
    : {
        code: "PLAN_BAD_VALUE",
        fact: `"${value}" is not an https address`,
        hint: "Write https://…, or null for an image that the user supplies",
      },
).max(2000);

const image = z
  .strictObject({
    os: z.enum(["debian", "pfsense", "windows"]).register(z.globalRegistry, { description: "Operating system" }),
    description: line("What the image is"),
    url: url
      .nullable()
      .register(z.globalRegistry, { description: "Where Proxmox downloads it; null for one that the user supplies" }),
    fileName,
    sha512: z
      .string()
      .regex(/^[0-9a-f]{128}$/)
      .register(z.globalRegistry, { description: "SHA-512 of the file, 128 hexadecimal digits" })
      .optional(),
  })
  .register(z.globalRegistry, { description: "A disk image that templates are made from" });

const nic = z
  .strictObject({
    zone: reference("Zone that the NIC is in", "zone"),
    address: address("Its fixed address, without prefix"),
    aliases: z
      .array(address("A further address of the same zone"))
      .register(z.globalRegistry, { description: "Further addresses on the same interface" })
      .optional(),
  })
  .register(z.globalRegistry, { description: "A network interface" });

const role = (description: string): z.ZodString =>
  z.string().min(1).max(63).register(z.globalRegistry, { description }).register(naming, { kind: "role" });

const host = z
  .strictObject({
    number: whole(1, 99, "VM id within the lab: 1000 + 100 x copy + number"),
    role: role("What the host does"),
    also: z
      .array(role("A further role"))
      .max(16)
      .register(z.globalRegistry, { description: "What it does beside; nothing if left out" })
      .optional(),
    description: line("What the host is, in a few words"),
    nics: z
      .array(nic)
      .min(1)
      .max(16)
      .register(z.globalRegistry, { description: "In the order in which the hypervisor attaches them" }),
    cores: whole(1, 64, "Virtual cores"),
    memoryMiB: whole(256, 262_144, "Memory in MiB"),
    disksGiB: z
      .array(whole(1, 10_240, "Size in GiB"))
      .min(1)
      .max(8)
      .register(z.globalRegistry, { description: "Disks in GiB; the first is the system's" }),
    image: reference("Image that the host is made from", "image"),
    node: whole(0, 99, "Position in the stack's list of nodes, modulo its length; 0 if left out").optional(),
    apartAs: line("Hosts with the same word never share a node where there are several", 63).optional(),
    start: z
      .strictObject({
        order: whole(1, 99, "Lower starts first"),
        delaySeconds: whole(0, 600, "Wait before the next, in seconds"),
      })
      .register(z.globalRegistry, { description: "When the hypervisor starts the host" }),
    protected: z
      .boolean()
      .register(z.globalRegistry, { description: "Proxmox and Pulumi refuse to destroy it; false if left out" })
      .optional(),
  })
  .register(z.globalRegistry, { description: "A machine" });

export const hosts = z
  .strictObject({
    images: z.record(id(), image).register(z.globalRegistry, { description: "Images by name" }),
    hosts: z
      .record(hostId(), host)
      .register(z.globalRegistry, { description: "Machines by name, which is also their DNS name" }),
  })
  .register(z.globalRegistry, {
    title: "Hosts",
    description: "Images and machines: role, zone, address, sizes, placement",
  });

// A DNS label: no dots, at most 15 characters, because Active Directory truncates a computer's name there; not c07-…,
// which is how the copies of a lab are named on the hypervisor.
function hostId(): z.ZodString {
  return z
    .string()
    .regex(/^(?=.{1,15}$)(?!c\d\d-)[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/)
    .register(z.globalRegistry, {
      description:
        "At most 15 lower-case letters, digits and hyphens, a letter first, and not as copies are named (c07-…)",
    });
}

export type HostsDocument = z.infer<typeof hosts>;
export type ImageEntry = z.infer<typeof image>;
export type HostEntry = z.infer<typeof host>;
