import { stateOf, type DebianRelease } from "../../core/debian.ts";
import type { Diagnostic } from "../../core/diagnostics.ts";
import type { Image, Plan } from "../types.ts";

/**
 * What there is to know of the Debian releases that hosts run on, on a day (YYYY-MM-DD): warnings, because a role may need
 * a release that is not out yet, or one that has ended.
 */
export function releaseFindings(plan: Plan, today: string): readonly Diagnostic[] {
  return [...plan.images.values()].flatMap((image) => {
    if (image.os !== "debian") return [];
    const hosts = [...plan.hosts.values()].filter((h) => h.image === image.id).map((h) => h.id);
    const said = hosts.length === 0 ? undefined : findingOf(image.release, today, hosts.join(", "));
    return said === undefined ? [] : [{ ...about(image), ...said }];
  });
}

type Said = Pick<Diagnostic, "code" | "fact" | "hint">;

function findingOf(release: DebianRelease | null, today: string, hosts: string): Said | undefined {
  if (release === null)
    return {
      code: "IMAGE_RELEASE_UNKNOWN",
      fact: `neither file name nor address says which release of Debian ${hosts} would run on`,
      hint: "Name the file as Debian does, debian-13-… or debian-trixie-…: the twin and sshd's words go by it",
    };
  const name = release.number === null ? release.codename : `Debian ${release.number} (${release.codename})`;
  switch (stateOf(release, today)) {
    case "supported":
      return undefined;
    case "long-term":
      return {
        code: "IMAGE_RELEASE_LONG_TERM",
        fact: `${name}, on which ${hosts} would run, is left to long-term support since ${release.supportEnds!}, until ${release.longTermEnds!}`,
        hint: "Plan the next release; not every package has that support (debian-security-support says which)",
      };
    case "ended":
      return {
        code: "IMAGE_RELEASE_ENDED",
        fact: `${name}, on which ${hosts} would run, has had no security updates since ${release.longTermEnds!}`,
        hint: "Take a newer release; a host that must stay is to be reached by as few as possible, and a mirror may keep its packages apart (maquette:archive)",
      };
    case "unreleased":
      return {
        code: "IMAGE_RELEASE_UNRELEASED",
        fact: `${name}, on which ${hosts} would run, is not released: its packages change, and security updates come late`,
        hint: "Take a released one where the role allows it; the role's page says why it does not",
      };
    case "unknown":
      return {
        code: "IMAGE_RELEASE_UNKNOWN",
        fact: `nothing is known here of the release ${name}, on which ${hosts} would run: neither how long it gets updates nor what its sshd knows`,
        hint: "It is built and configured as the newest release that is known (src/core/debian.ts)",
      };
  }
}

const about = (image: Image): Pick<Diagnostic, "severity" | "place" | "path"> => ({
  severity: "warning",
  place: image.place,
  path: `images.${image.id}`,
});
