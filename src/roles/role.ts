import type * as z from "zod";
import type { Artefact } from "../core/artefact.ts";
import type { ReleaseRoot } from "../core/debian.ts";
import type { Diagnostic } from "../core/diagnostics.ts";
import type { Text } from "../core/text.ts";
import type { Address } from "../core/ip.ts";
import type { Endpoint, Host, Person, Plan, Service } from "../plan/types.ts";
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

/**
 * Whatever has no kind of its own: done when its guard does not hold, and then the guard must hold. On Windows a program that
 * ends with 3010 is done and wants a restart, which it has before the guard is asked.
 */
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

/** Something of the network without which the work is in vain: `check` asks the flow table and the peer's firewall. */
export interface Need {
  /** Completes "dc1 …": `takes its time from the domain's controllers`. */
  readonly what: string;
  /** Of services.yaml; of several, one is enough. */
  readonly services: readonly Service["id"][];
  /** Of a named end all of it; of `internet` some of it. */
  readonly to: Endpoint;
}

/** What a role asks of one host. */
export interface RoleWork {
  /** In order, after the base. */
  readonly steps: readonly Step[];
  /** Before the base installs anything: what the host must know to find the archive. */
  readonly first?: readonly Step[];
  /** Certificates of the lab's CA that the steps have places for, by label. */
  readonly certificates?: Readonly<Record<string, CertificateRequest>>;
  /** Hosts whose own roles must be done before this. */
  readonly after?: readonly Host["id"][];
  readonly needs?: readonly Need[];
}

/** What a role asks of a host that it serves; done with the base. */
export interface ClientWork extends RoleWork {
  /** Addresses from which the host's SSH is entered, whatever the flow table says. */
  readonly doors?: readonly Address[];
  /** What reads the authority's revocation list when it starts, and so has to start anew with another one. */
  readonly onRevocation?: readonly Command[];
}

/** What other roles ask of those that serve the whole lab. */
export interface Asked {
  /** Services that read the directory, each with an account of its own, so that one can be taken away alone. */
  readonly accounts: readonly string[];
  /** People of acceptance whom its probes log on as: without such a role they have no account. */
  readonly people: readonly Person["login"][];
  /** Hosts that are members of the domain: each has its machine account before it joins. */
  readonly members: readonly Host["id"][];
  /** Names in the domain beside those of the hosts. */
  readonly names: readonly AskedName[];
  /** What its hosts give, and whoever watches them looks after. */
  readonly watched: readonly WatchedService[];
  /** What its hosts tell of themselves beside, and what of it is a problem. */
  readonly values: readonly WatchedValue[];
  /** What its hosts do again and again, and whoever watches them looks after. */
  readonly recurring: readonly RecurringWork[];
  /** What its hosts can tell of themselves in a figure, and whoever watches them looks after. */
  readonly measured: readonly Measured[];
  /** What its hosts hold that no `up` makes again, for whoever keeps it elsewhere. */
  readonly kept: readonly KeptSet[];
}

/** A service of the plan by TCP, on a host that gives it. */
export interface WatchedService {
  readonly host: Host["id"];
  readonly service: Service["id"];
  /** It begins with TLS, so that the end of the certificate which it shows can be looked at. */
  readonly isTls: boolean;
}

/**
 * A figure that a host tells of itself again and again: what a program of ours prints there, a number on one line. That
 * program runs as root, with an isolated Python that has the host's packages; its input is JSON, in the file that its
 * one argument names. A figure that could not be had has to be a number too, for without one there is no problem.
 */
export interface Measured {
  readonly host: Host["id"];
  /** Of the program's files on the host, and in the agent's key: `replication`. Unique there. */
  readonly word: string;
  /** French, as it stands among what is known of the host: `Retard de la réplication`. */
  readonly name: string;
  /** Whole, as an import of a file of Python is. */
  readonly program: string;
  /** JSON; may hold places for secrets. */
  readonly input: Text;
  /** Zabbix' unit: `s`, `%`; empty where it is none. */
  readonly unit: string;
  readonly everySeconds: number;
  /** Ended then, and no figure. */
  readonly deadlineSeconds: number;
  readonly problems: readonly MeasuredProblem[];
}

export interface MeasuredProblem {
  /** French, as a letter begins; ` sur HOST` follows. */
  readonly name: string;
  /** Zabbix' expression, of the item as it stands in one: `last(ITEM)>120`. */
  readonly isWrong: (item: string) => string;
  /** Watched services of which it is a mere consequence: while one of them is not there nobody is told of this. */
  readonly unless: readonly Omit<WatchedService, "isTls">[];
  /** Hosts without whose sign of life it is one. */
  readonly unlessSilent: readonly Host["id"][];
  /** Others' problems of which it is one, by host and as Zabbix has their name. */
  readonly follows?: readonly (readonly [host: Host["id"], problem: string])[];
}

/** Something that a host's agent tells, and the problems that follow from it. */
export interface WatchedValue {
  readonly host: Host["id"];
  /** The agent's own, or a UserParameter that the role brings. */
  readonly key: string;
  /** French: `Onduleur : état`. */
  readonly name: string;
  readonly kind: "text" | "number";
  /** Of a number. */
  readonly units?: string;
  readonly problems: readonly {
    /** French, as a letter's subject says it behind the supervision's own word. */
    readonly name: string;
    /** Zabbix' expression, of the item as it stands in one. */
    readonly isWrong: (item: string) => string;
    /** When it is over, where that is not merely when it is not wrong any more: what goes to and fro is told once. */
    readonly isRight?: (item: string) => string;
  }[];
}

/** Work of a host that leaves two files, which every account there may see. */
export interface RecurringWork {
  readonly host: Host["id"];
  /** French, as a problem's letter begins: `Sauvegarde`. */
  readonly name: string;
  /** Written anew each time that all of it has come to its good end. */
  readonly done: string;
  /** After which it is late. */
  readonly seconds: number;
  /** There for as long as something of it has failed. */
  readonly failed: string;
}

/** What one role of a host holds: taken as one, put back as one. */
export interface KeptSet {
  readonly host: Host["id"];
  readonly role: RoleDefinition["id"];
  /** Files and folders; what is not there is nothing. */
  readonly paths: readonly string[];
  /** What of them is made again by itself, in the patterns of tar(1): `dovecot.index*`. */
  readonly except?: readonly string[];
  /** Databases of SQLite: copied as one moment has them, and put back where they are. */
  readonly sqlite?: readonly string[];
  /** Copies of what cannot be read file by file while it is used: each runs in the same empty folder, and what it leaves there is kept. */
  readonly dump?: readonly (readonly string[])[];
  /** What must not run while it is put back, and runs again afterwards, in this order. */
  readonly units?: readonly string[];
  /** Run in the folder of what was dumped, once the paths are back. */
  readonly load?: readonly (readonly string[])[];
  /** That it is not put back so, and what to do, as an error's hint says it. */
  readonly instead?: string;
}

/** Below the domain's name: `autoconfig` on the host `mail` is autoconfig.cod.test with mail's address. */
export interface AskedName {
  readonly name: string;
  readonly host: Host["id"];
}

/** Files of others that a role would install on its hosts, under what people call them together. */
export interface ArtefactUse {
  readonly name: string;
  readonly artefacts: readonly Artefact[];
  /** Where it would not on all of its hosts, on which. */
  readonly hosts?: readonly Host["id"][];
  /** What does the work where they are not had, and what the lab then does not show; each completes a sentence. */
  readonly standsIn: Readonly<Record<"en" | "fr", string>>;
  readonly notShown: Readonly<Record<"en" | "fr", string>>;
  /** What stands in does the service, if in another way. */
  readonly isServed: boolean;
  /** The role installs them where they are had. */
  readonly isInstalled: boolean;
  /** The plan insists on them: `up` downloads what is not here, and without it makes nothing. */
  readonly isInsisted?: boolean;
}

export interface ClientContext {
  readonly plan: Plan;
  readonly host: Host;
  readonly asked: Asked;
  /** Fills a template of `templates/<role>/`. @throws Fault TEMPLATE_… naming file and line */
  readonly fill: Fill;
}

export interface RoleContext extends ClientContext {
  /** The network from which the way in is entered on a real Proxmox (its second NIC); null on every other host. */
  readonly operator: { readonly cidr: string } | null;
}

/** What the base does for a host's roles, and for those that serve it. */
export interface BaseParts {
  readonly first: readonly Step[];
  readonly packages: readonly string[];
  readonly doors: readonly Address[];
  readonly onRevocation: readonly Command[];
  /** Services of the plan that the host gives to hosts of its own zone, which no router sees. */
  readonly neighbours: readonly Service["id"][];
  readonly isWayIn: boolean;
}

/** In the place of a need: what every need stands on. */
export const BASE = "BASE";

/**
 * One question of acceptance, asked on a host where a user would sit. Positive ones show that something works, negative
 * ones that something is refused.
 */
export interface Probe {
  /** `dc-logon-pc1`; unique. */
  readonly id: string;
  /** `N7`, `O2` …: what of the customer's needs and objectives it answers; `BASE` is what all of them stand on. */
  readonly needs: readonly string[];
  readonly from: Host["id"];
  /** In English and French, a sentence that a jury reads. */
  readonly title: Readonly<Record<"en" | "fr", string>>;
  readonly expected: string;
  /** Done first, at once, as root on other hosts: what the question is then about. */
  readonly before?: readonly { readonly on: Host["id"]; readonly run: Command }[];
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
  /** What it has that cannot be had twice at a time, by any name: those that have the same are asked one after the other. */
  readonly holds?: string;
  /** Stopping these must turn the probe red; a test tries it. Null where no service of ours answers: what routers refuse, what links carry. */
  readonly dependsOn: { readonly host: Host["id"]; readonly units: readonly string[] } | null;
}

/** A rehearsal: one of the hosts that give a service loses its power while a user's seat asks for what it gives. */
export interface Drill {
  /** The word after `maquette drill`. */
  readonly id: string;
  /** Without a word of the plan: `the first domain controller loses its power`. */
  readonly title: Readonly<Record<"en" | "fr", string>>;
  /** In words, what the plan lacks for it. */
  readonly of: (plan: Plan) => Outage | string;
}

/** What is asked of whom while the first of them is without power. */
export interface Outage {
  /** In the order in which a client asks; the first is the one that is lost. */
  readonly servers: readonly Host["id"][];
  /** Where the user sits. */
  readonly seat: Host["id"];
  readonly questions: readonly string[];
  /** Keeps asking, as src/programs/asker.py does it: a file of Python beside the role that hands it the questions. */
  readonly program: string;
  /** JSON, whose members the program is given beside the drill's own; may hold places for secrets. */
  readonly input: Text;
  /** As whom it is asked, for people. */
  readonly as: string;
  /** How long a client may be without an answer to a question. */
  readonly limitMs: number;
  /** Something that is written meanwhile, under a name of its own, and must come to the host that was lost. */
  readonly meanwhile?: (name: string) => Meanwhile;
}

/** Mains are lost, and the battery runs low: who stops when, what the UPS says meanwhile, and how it is seen who was told. */
export interface Blackout {
  /** Who reads the UPS. */
  readonly server: Host["id"];
  /** In the order in which they stop. */
  readonly stages: readonly { readonly hosts: readonly Host["id"][] }[];
  readonly stageSeconds: number;
  /** Where an administrator reads letters. */
  readonly seat: Host["id"];
  /** That it may begin. */
  readonly probes: readonly Probe[];
  /** What the simulated UPS says. */
  readonly onMains: string;
  readonly onBattery: string;
  readonly low: string;
  /** On the seat: what was told (told.py). */
  readonly told: (words: {
    readonly since: number;
    readonly after: number;
    readonly until: "problem" | "recovery" | null;
    readonly seconds: number;
  }) => Command;
  /** On a host that has stopped and was started: how it was stopped, and when it began to and its services had ended (clean.py). */
  readonly clean: (host: Host["id"]) => Command;
}

export interface Meanwhile {
  /** Who writes it. */
  readonly on: Host["id"];
  readonly write: Command;
  readonly undo: Command;
  /** On the host that was lost: exit 0 once it is there. */
  readonly arrived: Command;
  /** What to look at when it does not come. */
  readonly hint: string;
}

/** A fault that somebody is to find (`maquette drill mystery`): done by hand to a lab that is well, and undone. */
export interface Trouble {
  /** `mail-transport`; unique. Nobody is shown it before the end. */
  readonly id: string;
  /** 1: something does not run. 2: something stands in the way. 3: something says other than it did. */
  readonly level: 1 | 2 | 3;
  readonly on: Host["id"];
  /** As root there. What undoes it holds also where nothing was done, and where somebody has mended it. */
  readonly does: Command;
  readonly undoes: Command;
  /** Ids of probes; at least one of them turns red. */
  readonly shows: readonly string[];
  /** What was done, for the end: `dovecot on mail was stopped`. */
  readonly told: Readonly<Record<"en" | "fr", string>>;
  /** From vague to precise. */
  readonly hints: readonly Readonly<Record<"en" | "fr", string>>[];
}

/** What is open through a role's host at a moment, so that a drill can say what its loss cost. */
export interface Sessions {
  /** On that host. */
  readonly run: Command;
  /** One a line of people's: `poste-pc1 calls *43`. Those that are the same before and after lived on. */
  readonly read: (stdout: string) => readonly string[];
}

/** What a role and the base have both. */
interface Definition {
  /** What it needs of its machine; `check` compares the plan's. */
  readonly machine: { readonly memoryMiB: number; readonly diskGiB: number };
  /** What its Debian has: the base's is everybody's, a role's comes on top of it. In the twin baked into the role's image, elsewhere installed by the steps. */
  readonly packages: readonly string[];
  /** File names of `templates/<role>/`, all of them. */
  readonly templates: readonly string[];
  /** The page about it, in the repository: what it is, its files, how it is checked, what to do when it fails. */
  readonly manual: string;
}

export interface BaseDefinition extends Definition {
  readonly id: "base";
  readonly work: (context: RoleContext, parts: BaseParts) => RoleWork;
  readonly probes: (plan: Plan) => readonly Probe[];
}

export interface RoleDefinition extends Definition {
  readonly id: string;
  /** What a plan may say to it in roles.yaml, each with its default (settings.ts tells them to the role). */
  readonly settings?: z.ZodObject;
  /** Beside those, where the plan wants more of it: in the twin a layer of its own, that no other lab's image has. */
  readonly morePackages?: (plan: Plan) => readonly string[];
  /**
   * Root file systems of other releases that its hosts have (core/debian.ts, `rootFolder`), as the plan wants them; in the
   * twin layers of their own, elsewhere made by the steps.
   */
  readonly roots?: (plan: Plan) => readonly ReleaseRoot[];
  /** Packages that hosts have which it serves; in the twin all images have them. */
  readonly clientPackages?: readonly string[];
  /** Services of the plan that it gives to hosts of its own zone; the flow table says the rest. */
  readonly neighbours: readonly Service["id"][];
  /** Administrators come in by its host: its SSH forwards what the role says, and the operator's network enters by it. */
  readonly isWayIn?: true;
  /**
   * What it holds bears the address of its host, as a directory does: with another one it is made anew, or refused.
   * Other hosts restart with their new address.
   */
  readonly keepsAddress?: true;
  /** What its host is for good, in words, as a domain's name: where the plan says another, its guests are made anew, or it is refused. */
  readonly keeps?: (plan: Plan) => string;
  /** What it gives its own host. */
  readonly work: (context: RoleContext) => RoleWork;
  /**
   * What it asks of a host that it serves, null where it asks nothing. Called for every Debian host of the plan, its
   * own too, where some host plays the role.
   */
  readonly clients?: (context: ClientContext) => ClientWork | null;
  /** What it asks of roles that serve the whole lab, where some host plays it. */
  readonly asks?: (plan: Plan) => Partial<Asked>;
  /** Files of others that it would install, where some host plays it (roles/artefacts.ts has them). */
  readonly artefacts?: (plan: Plan) => readonly ArtefactUse[];
  /** What `check` says of a plan that only the role can judge, where some host plays it. */
  readonly findings?: (plan: Plan) => readonly Diagnostic[];
  readonly probes: (plan: Plan, asked: Asked) => readonly Probe[];
  readonly drills?: readonly Drill[];
  /** Faults of its own that somebody may be set to find; those of any service are derived from probes (accept/mystery). */
  readonly troubles?: (plan: Plan) => readonly Trouble[];
  /** What is lost when its daemon is killed. */
  readonly sessions?: Sessions;
}
