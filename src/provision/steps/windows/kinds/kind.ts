import type { ObservedStep } from "../../kinds/index.ts";
import type { SentStep } from "../../work.ts";
import type { WindowsHost } from "../host.ts";

/** The steps of one kind. */
export type Of<K extends SentStep["kind"]> = Extract<SentStep, { kind: K }>;

/** What the host keeps of a role's steps beside what they have made: by step, under which key files were loaded, or that a probe passed. */
export type Loaded = Readonly<Record<string, string>>;

export interface RoleRecord {
  read(): Promise<Loaded>;
  write(loaded: Loaded): Promise<void>;
  /** Has an earlier step of the role changed anything in this run? */
  readonly isChanged: boolean;
}

/** What a Windows host does with a kind of step: on Debian it is agent.py. */
export interface WindowsKind<Sent extends SentStep> {
  /** @returns whether anything was changed @throws StepFailed */
  apply(host: WindowsHost, step: Sent, record: RoleRecord): Promise<boolean>;
  /** What is there, without changing it. */
  check(host: WindowsHost, step: Sent, loaded: Loaded): Promise<ObservedStep>;
}
