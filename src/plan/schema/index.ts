import type { DocumentName } from "../names.ts";
import { addressing, type AddressingDocument } from "./addressing.ts";
import { coverage, type CoverageDocument } from "./coverage.ts";
import { flows, type FlowsDocument } from "./flows.ts";
import { hosts, type HostsDocument } from "./hosts.ts";
import { people, type PeopleDocument } from "./people.ts";
import { services, type ServicesDocument } from "./services.ts";

/** What each document holds once its shape is right. */
export interface Documents {
  readonly addressing: AddressingDocument;
  readonly hosts: HostsDocument;
  readonly services: ServicesDocument;
  readonly flows: FlowsDocument;
  readonly people: PeopleDocument;
  readonly coverage: CoverageDocument;
}

/** The schema of each document: the loader and `schemas/` are made from these. */
export const DOCUMENT_SCHEMAS = { addressing, hosts, services, flows, people, coverage } as const satisfies Record<
  DocumentName,
  unknown
>;
