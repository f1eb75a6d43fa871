import { missingPackages, NEEDS, type Need } from "../../src/twin/needs.ts";

/** What tests ask of the machine itself, beside what running guests takes. */
const TEST_NEEDS: readonly Need[] = [
  ...NEEDS,
  // The routers' rules, their CARP and their agent are tried in namespaces of this machine too.
  { program: "nft", package: "nftables" },
  { program: "python3", package: "python3" },
  { program: "ucarp", package: "ucarp" },
  { program: "conntrack", package: "conntrack" },
  { program: "openssl", package: "openssl" },
  { program: "ssh-keygen", package: "openssh-client" },
];

/** Debian packages without which a test would be skipped here. */
export const missingForTests = (path?: string, roots?: readonly string[]): readonly string[] =>
  missingPackages(path, roots, TEST_NEEDS);
