import type { Text } from "../core/text.ts";
import type { Host, Plan, Service } from "../plan/types.ts";
import type { RoleId } from "../plan/names.ts";
import type { CertificateRequest } from "./seed.ts";
import type { Fill } from "./template.ts";

/*
 * What a role is: a folder under src/roles with one of these, its templates under templates/<role>/, and a line in
 * the registry. Rendering is a function of the plan: no secret is in what it returns, only places for them
 * (core/secret-place.ts), which are filled in on the way to the host.
 */

/** An argument list, never a shell line, and what is written to its standard input. */
export interface Command {
  /** Strings, so no secret's place: everybody on a host can read its process list. */
  readonly argv: readonly string[];
  /** May hold places for secrets. */
  readonly input?: Text;
}

export interface FileContent {
  /** May hold places for secrets. */
  readonly content: Text;
  /** `user:group`; default `root:root`. */
  readonly owner?: string;
  /** Octal; default 0644, and 0600 where the content has a place for a secret. */
  readonly mode?: string;
}

interface Named {
  /** Unique within the role, in words: failures and progress say it. */
  readonly name: string;
}

/** Debian packages that must be installed (on Windows: features). Missing ones are installed. */
export interface PackagesStep extends Named {
  readonly kind: "packages";
  readonly packages: readonly string[];
}

/**
 * Files that are checked and loaded together: written to temporaries, `check`ed there, compared with what is live,
 * renamed, `verify`ed in place, `reload`ed, `probe`d. When verify, reload or probe fails the files before are put back
 * and loaded again. Nothing runs when nothing differs and the last load of this content had succeeded.
 */
export interface FilesStep extends Named {
  readonly kind: "files";
  /** By absolute path. Folders on the way are made, 0755 and root's. */
  readonly files: Readonly<Record<string, FileContent>>;
  /** Paths that must not be there. */
  readonly absent?: readonly string[];
  /** Before the rename. An argument `new:PATH` is the temporary of that file; each must exit 0. */
  readonly check?: readonly Command[];
  /** After the rename, before the reload: checkers that read the live tree (`testparm`, `sshd -t`). */
  readonly verify?: readonly Command[];
  readonly reload?: readonly Command[];
  /** Must exit 0 within 30 s of the reload; tried again until then. */
  readonly probe?: Command;
}

/** Whatever has no kind of its own: done when its guard does not hold, and then the guard must hold. */
export interface CommandStep extends Named {
  readonly kind: "command";
  /** Exit 0: it is so already. Asked at every `up`, so it must be quick and change nothing. */
  readonly unless: Command;
  readonly run: Command;
  /** Default 60. */
  readonly deadlineSeconds?: number;
}

/** systemd units: `running` is enabled (where it can be) and active; `off` is disabled and stopped; `masked` is masked and stopped. */
export interface UnitsStep extends Named {
  readonly kind: "units";
  readonly units: readonly string[];
  readonly state: "running" | "off" | "masked";
}

/** Must exit 0 within the deadline; tried again until then. Asked when something of the role was changed, not otherwise. */
export interface ProbeStep extends Named {
  readonly kind: "probe";
  readonly run: Command;
  /** Default 30. */
  readonly deadlineSeconds?: number;
}

export type Step = PackagesStep | FilesStep | CommandStep | UnitsStep | ProbeStep;

/** What a role asks of one host, in order. */
export interface RoleWork {
  readonly steps: readonly Step[];
  /** Certificates of the lab's CA that the steps have places for, by label. */
  readonly certificates?: Readonly<Record<string, CertificateRequest>>;
  /** Hosts whose own role must be done before this one. */
  readonly after?: readonly Host["id"][];
}

export interface RoleContext {
  readonly plan: Plan;
  readonly host: Host;
  /** Fills a template of `templates/<role>/`. @throws Fault TEMPLATE_… naming file and line */
  readonly fill: Fill;
  /** Services of the plan that the host's role gives to hosts of its own zone, which no router sees. */
  readonly neighbours: readonly Service["id"][];
  /** The network from which the bastion is entered on a real Proxmox (its second NIC), or null. */
  readonly operator: { readonly cidr: string } | null;
}

/**
 * One question of acceptance, asked on a host where a user would sit. Positive ones show that something works, negative
 * ones that something is refused.
 */
export interface Probe {
  /** `dc-logon-pc1`; unique. */
  readonly id: string;
  /** `N7`, `O2` …: what of the customer's needs and objectives it answers. */
  readonly needs: readonly string[];
  readonly from: Host["id"];
  /** In English and French, a sentence that a jury reads. */
  readonly title: Readonly<Record<"en" | "fr", string>>;
  readonly expected: string;
  /** Runs as root on `from`. */
  readonly run: Command;
  /** Whether what the command said is what was expected, and that in a few words for the report; no secret in it. */
  readonly judge: (said: { readonly exitCode: number; readonly stdout: string; readonly stderr: string }) => {
    readonly isGood: boolean;
    readonly seen: string;
  };
  /** Default 20. */
  readonly deadlineSeconds?: number;
  /** That it waits for seconds when all is well: begun before the others, which are asked meanwhile. */
  readonly isWaiting?: true;
  /** Stopping these must turn the probe red; a test tries it. Null where no service of ours answers: what routers refuse, what links carry. */
  readonly dependsOn: { readonly host: Host["id"]; readonly units: readonly string[] } | null;
}

export interface RoleDefinition {
  readonly id: RoleId | "base";
  /** What the role needs of its machine; `check` compares the plan's. */
  readonly machine: { readonly memoryMiB: number; readonly diskGiB: number };
  /** What its Debian has on top of the base: in the twin baked into the role's image, elsewhere installed by the steps. */
  readonly packages: readonly string[];
  /** File names of `templates/<role>/`, all of them. */
  readonly templates: readonly string[];
  /** Services of the plan that it gives to hosts of its own zone; the flow table says the rest. */
  readonly neighbours: readonly Service["id"][];
  readonly work: (context: RoleContext) => RoleWork;
  readonly probes: (plan: Plan) => readonly Probe[];
  /** The page about it, in the repository: what it is, its files, how it is checked, what to do when it fails. */
  readonly manual: string;
}
