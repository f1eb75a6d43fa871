import type { DocumentName } from "./names.ts";
import { addressing, type AddressingDocument } from "./addressing/schema.ts";
import { coverage, type CoverageDocument } from "./coverage/schema.ts";
import { flows, type FlowsDocument } from "./flows/schema.ts";
import { hosts, type HostsDocument } from "./hosts/schema.ts";
import { rolesSchema, type RolesDocument } from "./roles/schema.ts";
import type { Vocabulary } from "./vocabulary.ts";
import type * as z from "zod";
import { people, type PeopleDocument } from "./people/schema.ts";
import { services, type ServicesDocument } from "./services/schema.ts";

/** What each document holds once its shape is right. */
export interface Documents {
  readonly addressing: AddressingDocument;
  readonly hosts: HostsDocument;
  readonly roles: RolesDocument;
  readonly services: ServicesDocument;
  readonly flows: FlowsDocument;
  readonly people: PeopleDocument;
  readonly coverage: CoverageDocument;
}

/** The schema of each document: the loader and `schemas/` are made from these. */
export const documentSchemas = (roles: Vocabulary | undefined): Readonly<Record<DocumentName, z.ZodType>> => ({
  ...{ addressing, hosts, services, flows, people, coverage },
  roles: rolesSchema(roles),
});
