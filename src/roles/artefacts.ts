import type { Artefact, Digest } from "../core/artefact.ts";

/*
 * What others publish and roles would install: the one list of names, versions, licences, addresses and digests. Images of
 * systems are the plan's (hosts.yaml), not here.
 */

const sha256 = (hex: string): Digest => ({ algorithm: "sha256", hex, by: "the catalogue" });

const RELEASE = "1.8.1";

/**
 * The release and those of its tarballs that are installed. Their digests are in the release's own pkgs/pkgs.sha256, and are
 * those of `git archive --prefix=NAME-VERSION/ VERSION | gzip -n` of the public tags. Of the release itself none is
 * published: it is the same of tag 1.8.1, commit e0fe4fc277504aaa3e4915046cfe420524e42162.
 */
export const iredmail: readonly Artefact[] = [
  {
    id: "iredmail",
    name: "iRedMail",
    version: RELEASE,
    licence: "GPL-3.0-or-later",
    fileName: `iRedMail-${RELEASE}.tar.gz`,
    url: `https://github.com/iredmail/iRedMail/archive/refs/tags/${RELEASE}.tar.gz`,
    digest: sha256("1cd0ba587750d08699be2309954ed7c846bfd101f42959a1e50a3ae90bc243cd"),
    source: "Download it",
  },
  part("iRedAdmin", "2.8.1", "GPL-2.0", "f3e4ea867b35f3394ba075c1ef24b95537a46ac9387ffcd913415bef5b7ce6bc"),
  part("iRedAPD", "6.1", "GPL-3.0", "2045c0ddb6a0be28f72390f1baed6a16c81c80c2ad4376cbdb93e15e6ae0b91b"),
  part("mlmmjadmin", "3.6.3", "MIT", "1d8213ae6b853912c9723a17eb59c35e8d56b7bb948bf81089f5afa1593e3274"),
];

/** As the release's pkgs/get_all.sh fetches them. */
function part(name: string, version: string, licence: string, hex: string): Artefact {
  const fileName = `${name}-${version}.tar.gz`;
  return {
    id: name.toLowerCase(),
    name,
    version,
    licence,
    fileName,
    url: `https://dl.iredmail.org/yum/misc/${fileName}`,
    digest: sha256(hex),
    source: "Download it",
  };
}

/** The last version that is free software; nobody publishes a digest of its zip, nor an address that stays. */
export const ebrigade: readonly Artefact[] = [
  {
    id: "ebrigade",
    name: "eBrigade",
    version: "5.3.2",
    licence: "GPL-2.0-or-later",
    fileName: "ebrigade-5.3.2.zip",
    url: null,
    digest: null,
    source: "Take the .zip that its publisher gave you",
    says: { file: "config.php", version: /^\s*\$patch_version\s*=\s*["']([^"']+)["']/m },
  },
];

/**
 * Of Windows posts: each in the version that whoever supplies it has chosen, so its name says none; Thunderbird's publisher
 * has digests of each version, Linphone's none that we know.
 */
export const thunderbird: Artefact = {
  id: "thunderbird",
  name: "Thunderbird",
  version: null,
  licence: "MPL-2.0",
  fileName: "thunderbird-win64.exe",
  url: null,
  digest: null,
  source: "Download its installer (.exe, Windows 64 bits, your language) from its publisher, and give it this name",
};
export const linphone: Artefact = {
  id: "linphone",
  name: "Linphone",
  version: null,
  licence: "GPL-3.0-or-later",
  fileName: "linphone-win64.exe",
  url: null,
  digest: null,
  source: "Download its installer (.exe, Windows 64 bits) from its publisher, and give it this name",
};

/** All of them. */
export const artefacts: readonly Artefact[] = [...iredmail, ...ebrigade, thunderbird, linphone];
