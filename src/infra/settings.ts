import { dirname, resolve } from "node:path";
import { z } from "zod";
import { Fault } from "../core/fault.ts";
import { settingsFile } from "../stack/root.ts";

/**
 * What a stack's `Pulumi.<stack>.yaml` says under `maquette:`; everything but the plan's folder has a default.
 * The embedded lab and somebody's own Proxmox differ here and nowhere else.
 */
const schema = z.strictObject({
  plan: z.string().min(1).default("stacks/lab").describe("Folder of the plan, from that of Pulumi.<stack>.yaml."),
  copy: z.int().min(0).max(39).default(0).describe("Copy number for a class: offsets VM ids, VLANs, names and pool."),
  endpoint: z
    .url({ protocol: /^https$/ })
    .optional()
    .describe("https://host:8006/ of the Proxmox VE API."),
  insecure: z.boolean().default(false).describe("Accept a certificate that nobody vouches for."),
  nodes: z
    .array(z.string().regex(/^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$/))
    .min(1)
    // Pairs that must be apart would share it.
    .refine((names) => new Set(names).size === names.length, "a node stands there twice; name each once")
    .default(["pve"])
    .describe("Nodes to place guests on, in order."),
  storage: z
    .strictObject({
      images: z.string().default("local").describe("Holds downloaded images: content `import`."),
      seeds: z.string().default("local").describe("Holds seed CDs: content `iso`."),
      disks: z.string().default("local-lvm").describe("Holds the guests' disks: content `images`."),
      isShared: z.boolean().default(false).describe("The three are one and the same on every node (Ceph, NFS …)."),
    })
    .prefault({}),
  bridge: z
    .strictObject({
      name: z
        .string()
        .regex(/^[a-zA-Z][a-zA-Z0-9_]{0,9}$/)
        .default("vmbr9"),
      create: z.boolean().default(true).describe("Make it, VLAN-aware; false: it is there already."),
    })
    .prefault({}),
  bridges: z
    .record(z.string(), z.strictObject({ name: z.string(), vlan: z.int().min(1).max(4094).nullable().default(null) }))
    .default({})
    .describe("A zone that lies on another bridge: wan1 on the real Internet access, say."),
  operator: z
    .strictObject({
      bridge: z.string(),
      vlan: z.int().min(1).max(4094).nullable().default(null),
      address: z.string().describe("CIDR of the bastion's second NIC for copy 0; later copies count up."),
    })
    .nullable()
    .default(null)
    .describe("The bastion's second NIC, on the operator's network: how SSH gets in on a real Proxmox."),
  images: z
    .record(
      z.string(),
      z.strictObject({
        volume: z.string().optional(),
        template: z.union([z.int().min(100), z.record(z.string(), z.int().min(100))]).optional(),
        url: z.url().optional(),
        sha512: z
          .string()
          .regex(/^[0-9a-f]{128}$/i)
          .optional(),
      }),
    )
    .default({})
    .describe(
      "Where an image of the plan comes from here: a volume, a template of yours (its id, or one a node), or another URL; and the SHA-512 that a download must have.",
    ),
  clones: z
    .enum(["linked", "full", "import"])
    .default("linked")
    .describe(
      "Linked needs thin storage (LVM-thin, ZFS, qcow2); import makes no templates, each guest imports its image.",
    ),
  archive: z
    .url({ protocol: /^https?$/ })
    .nullable()
    .default(null)
    .describe("The Debian archive that the embedded lab's guests are made from; default: this machine's own."),
  artefacts: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe("A folder of files of others (iRedMail, eBrigade, images), from that of Pulumi.<stack>.yaml."),
  vmidBase: z.int().min(100).default(1000),
  templateBase: z.int().min(100).default(9000),
  vlanOffset: z.int().min(0).max(4000).default(0),
  ha: z
    .enum(["rules", "none"])
    .default("none")
    .describe("rules: HA keeps pairs on different nodes too; at least three nodes and shared storage (Proxmox VE 9)."),
});

export type Settings = z.infer<typeof schema>;

const checked = schema.superRefine((settings, context) => {
  const why = whyNoHa(settings);
  if (why !== undefined) context.addIssue({ code: "custom", path: ["ha"], message: why });
});

/**
 * A node that HA cannot hear resets itself. With two nodes neither has a majority once the other is gone, and with local
 * disks nothing can start elsewhere: HA would only take the second node down with the first (pve-docs, ha-manager).
 */
function whyNoHa({ ha, nodes, storage }: Pick<Settings, "ha" | "nodes" | "storage">): string | undefined {
  if (ha === "none") return undefined;
  const few = nodes.length < 3 ? [`maquette:nodes has ${nodes.length}, and HA needs three for a majority`] : [];
  const local = storage.isShared ? [] : ["maquette:storage.isShared is false, and HA needs disks that every node has"];
  const why = [...few, ...local];
  if (why.length === 0) return undefined;
  return `rules, but ${why.join("; ")}. Proxmox would fence a node that is sound; say none: pairs are placed on different nodes all the same`;
}

/** The keys that a stack's configuration may hold under `maquette:`. */
export const settingNames = Object.keys(schema.shape) as readonly (keyof Settings)[];

/** Where a stack's plan lies. */
export const planFolder = (root: string, stack: string, settings: Settings): string =>
  resolve(dirname(settingsFile(root, stack)), settings.plan);

/** The folder in which a stack's user keeps files of others. */
export const artefactFolder = (root: string, stack: string, settings: Settings): string | null =>
  settings.artefacts === null ? null : resolve(dirname(settingsFile(root, stack)), settings.artefacts);

/** Stack `lab` is the embedded lab, and nothing else is. */
export const isEmbedded = (stack: string): boolean => stack === "lab";

/**
 * Parses a stack's configuration.
 * @param stack the stack's name
 * @param values what Pulumi.<stack>.yaml says, without the `maquette:` prefix; secrets left out
 * @throws Fault STACK_SETTINGS with every wrong value
 */
export function parseSettings(stack: string, values: Readonly<Record<string, unknown>>): Settings {
  const typed = Object.entries(values).map(([name, value]) => [name, typedValue(value)] as const);
  const parsed = checked.safeParse(Object.fromEntries(typed));
  const file = `Pulumi.${stack}.yaml`;
  if (!parsed.success) {
    const lines = parsed.error.issues.map(
      (i) => `${["maquette", ...i.path.map(String)].join(":").replace(/:(?=[^:]*$)/, ":")}: ${i.message}`,
    );
    throw new Fault(
      "STACK_SETTINGS",
      `${file} is not right:\n  ${lines.join("\n  ")}`,
      "docs/own-proxmox.md lists every setting with an example.",
    );
  }
  const settings = parsed.data;
  if (isEmbedded(stack)) {
    if (settings.endpoint !== undefined && !isLoopback(settings.endpoint)) {
      throw new Fault(
        "STACK_LAB_IS_EMBEDDED",
        `${file}: the stack lab is the embedded lab and takes no endpoint but loopback, not ${settings.endpoint}.`,
        "For a Proxmox of your own make a stack of another name: `pulumi stack init mine`, then docs/own-proxmox.md.",
      );
    }
  } else if (settings.endpoint === undefined) {
    throw new Fault(
      "STACK_NO_ENDPOINT",
      `${file} names no Proxmox VE API.`,
      `Run \`pulumi config set maquette:endpoint https://your-node:8006/ --stack ${stack}\`; docs/own-proxmox.md goes on from there.`,
    );
  }
  return settings;
}

/** The variable that says, as 1, that nothing is to be done inside the guests: `maquette up --guests-only` sets it. */
export const GUESTS_ONLY = "MAQUETTE_GUESTS_ONLY";

/** The variable that says to which hosts a run is limited: `maquette up --host` sets it. */
export const CHOSEN_HOSTS = "MAQUETTE_CHOSEN_HOSTS";

/** Undefined where a run is of all hosts. */
export function chosenHosts(env: NodeJS.ProcessEnv): ReadonlySet<string> | undefined {
  const text = env[CHOSEN_HOSTS] ?? "";
  return text === "" ? undefined : new Set(text.split(","));
}

/** Whether anything leads into the guests: the embedded lab has a door of its own. */
export const canReachGuests = (stack: string, settings: Settings): boolean =>
  isEmbedded(stack) || settings.operator !== null;

/** Guests that nobody can reach stay empty, and a lab of empty guests is none. @throws Fault STACK_NO_OPERATOR */
export function refuseWithoutOperator(stack: string, settings: Settings): void {
  if (canReachGuests(stack, settings)) return;
  throw new Fault(
    "STACK_NO_OPERATOR",
    `Pulumi.${stack}.yaml does not say how to get into the guests (maquette:operator): they would come up and stay empty.`,
    `Give the bastion an address on your network, \`pulumi config set --path maquette:operator.address 192.0.2.50/24\` and \`… maquette:operator.bridge vmbr0\` (docs/own-proxmox.md); or make guests alone with \`maquette up --guests-only --stack ${stack}\`.`,
  );
}

/** `pulumi config set` writes every value as text, and Pulumi hands structured ones over as JSON. */
function typedValue(value: unknown): unknown {
  if (typeof value !== "string" || !/^(true|false|-?\d+|[[{].*)$/s.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** Whether a URL's host is this machine's loopback (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
export function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
