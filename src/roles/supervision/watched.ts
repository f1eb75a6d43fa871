import type { SecretPlace } from "../../core/text.ts";
import type { Cause, Fields } from "./checks.ts";

/* What Zabbix should have of a host, as `templates/supervision/supervision.py` reads it. */

export interface Watched {
  readonly fields: Fields;
  readonly groups: readonly string[];
  readonly templates: readonly string[];
  /** By key, and by what they say: services that it gives. */
  readonly items: Readonly<Record<string, Fields>>;
  /** By key, what is taken out of another item of the host. */
  readonly dependents: Readonly<Record<string, Dependent>>;
  readonly triggers: Readonly<Record<string, Trigger>>;
  /** Where it is asked by SNMP; null: it is not. */
  readonly snmp: Snmp | null;
  readonly macros: readonly Macro[];
  /** Keys of shipped items that are not asked. */
  readonly quiet: readonly string[];
}

export interface Dependent {
  /** By key, of the host itself or of its templates. */
  readonly master: string;
  readonly fields: Fields;
}

/** Version 2c; the community by its macro. */
export interface Snmp {
  readonly address: string;
  readonly port: string;
  readonly community: string;
}

export interface Macro {
  readonly macro: string;
  readonly value: SecretPlace | string;
  readonly isSecret: boolean;
}

export interface Trigger {
  readonly fields: Fields;
  /** Problems of which this one is a mere consequence: while one of them lasts nobody is told of this. */
  readonly unless: readonly Cause[];
}
