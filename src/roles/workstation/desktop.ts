import { fqdnOf, hostsOf } from "../../plan/query.ts";
import type { Plan } from "../../plan/types.ts";
import { CA_FILE } from "../base/trust.ts";
import { webName, WEBMAIL } from "../mail/names.ts";
import type { Step } from "../role.ts";

/*
 * What people work with at a window: Thunderbird and Firefox ESR, by the files of policies that both read at their start
 * (docs/policies of Thunderbird, policy-templates of Firefox). They are the same on Debian and on Windows but for where the
 * lab's authority comes from.
 */

/** Some 600 MB: on a host only where the plan says so. */
export const DESKTOP_PACKAGES = ["firefox-esr", "firefox-esr-l10n-fr", "thunderbird", "thunderbird-l10n-fr"];

/** Thunderbird's own place for a whole system. */
const THUNDERBIRD = "/etc/thunderbird/policies/policies.json";
/** The distribution's folder of Debian's package, which its program looks into through a link. */
const FIREFOX = "/usr/share/firefox-esr/distribution/policies.json";

/** Where a program gets the authority from: a file, or (Windows) the system's store. */
export type Authority = { readonly file: string } | "system";

const certificates = (authority: Authority): object =>
  authority === "system" ? { ImportEnterpriseRoots: true } : { Install: [authority.file] };

const locked = (value: boolean | string): object => ({ Value: value, Status: "locked" });

/**
 * Thunderbird's: whoever types name, address and password at its first start has an account by the mail server's
 * autoconfiguration (roles/mail), over TLS or not at all, and nothing is guessed.
 */
export const thunderbirdPolicies = (authority: Authority): object => ({
  policies: {
    Certificates: certificates(authority),
    // Debian's packages bring updates, on Windows whoever installed it.
    DisableAppUpdate: true,
    DisableTelemetry: true,
    // A person's password is the domain's: who has the profile would have it.
    OfferToSaveLogins: false,
    RequestedLocales: ["fr"],
    Preferences: {
      "mailnews.auto_config.fetchFromISP.enabled": locked(true),
      "mailnews.auto_config.fetchFromISP.sendEmailAddress": locked(true),
      "mailnews.auto_config.fetchFromISP.sslOnly": locked(true),
      "mailnews.auto_config.fetchFromExchange.enabled": locked(false),
      "mailnews.auto_config.guess.enabled": locked(false),
      // The publisher's, on the Internet.
      "mailnews.start_page.enabled": locked(false),
      "mail.shell.checkDefaultClient": locked(false),
    },
  },
});

/** Firefox's: the webmail is its first page, and eBrigade is beside it. */
export const firefoxPolicies = (plan: Plan, authority: Authority): object => {
  const pages = pagesOf(plan);
  return {
    policies: {
      Certificates: certificates(authority),
      DisableAppUpdate: true,
      DisableFirefoxStudies: true,
      DisableTelemetry: true,
      DontCheckDefaultBrowser: true,
      ...(pages.length === 0
        ? {}
        : {
            Homepage: { URL: pages[0]!.url, StartPage: "homepage" },
            ManagedBookmarks: [
              { toplevel_name: plan.domain.netbios },
              ...pages.map(({ name, url }) => ({ name, url })),
            ],
          }),
      NoDefaultBookmarks: true,
      OfferToSaveLogins: false,
      OverrideFirstRunPage: "",
      OverridePostUpdatePage: "",
      RequestedLocales: ["fr"],
    },
  };
};

/** What people of the COD open, the first of it first. */
function pagesOf(plan: Plan): readonly { readonly name: string; readonly url: string }[] {
  const [ebrigade] = hostsOf(plan, "ebrigade");
  return [
    ...(hostsOf(plan, "mail").length === 0 ? [] : [{ name: "Messagerie", url: `https://${webName(plan, WEBMAIL)}/` }]),
    ...(ebrigade === undefined ? [] : [{ name: "eBrigade", url: `https://${fqdnOf(plan, ebrigade)}/` }]),
  ];
}

export const asJson = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

/** The files are there whether or not the programs are: they are read by whichever comes. */
export const desktopSteps = (plan: Plan): readonly Step[] => [
  {
    kind: "files",
    name: "mail program and browser",
    files: {
      [THUNDERBIRD]: { content: asJson(thunderbirdPolicies({ file: CA_FILE })) },
      [FIREFOX]: { content: asJson(firefoxPolicies(plan, { file: CA_FILE })) },
    },
  },
];
