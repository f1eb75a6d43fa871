import back from "./back.ps1";
import drop from "./drop.ps1";
import features from "./features.ps1";
import install from "./install.ps1";
import instance from "./instance.ps1";
import load from "./load.ps1";
import loaded from "./loaded.ps1";
import look from "./look.ps1";
import place from "./place.ps1";
import restart from "./restart.ps1";
import restarted from "./restarted.ps1";
import run from "./run.ps1";
import services from "./services.ps1";
import setServices from "./set-services.ps1";
import stage from "./stage.ps1";

/*
 * What is run on a Windows host, for PowerShell 5.1, which every Windows since 2016 has. Each is a constant: what it is
 * about comes as JSON on its standard input, so neither a path nor a secret is ever on a command line, and nothing is
 * quoted. It answers with a JSON document a line, or ends with 1 and says why on standard error.
 */
const files = {
  instance,
  loaded,
  load,
  look,
  stage,
  place,
  back,
  drop,
  run,
  features,
  install,
  services,
  setServices,
  restart,
  restarted,
} as const;

export type ScriptName = keyof typeof files;

/** Without comments and indentation, which cmd.exe's command line has no room for; no string of ours is of two lines. */
const compact = (text: string): string => text.replace(/^[ \t]*(?:#.*)?\n|^[ \t]+/gm, "").trim();

/** Each script's whole text. */
export const windowsScripts = Object.fromEntries(
  Object.entries(files).map(([name, text]) => [name, compact(text)] as const),
) as Readonly<Record<ScriptName, string>>;

const COMMAND = "powershell.exe -NoProfile -NonInteractive -EncodedCommand ";

/** A script as a command of the host's shell: cmd.exe, OpenSSH's own default there, takes 8191 characters. */
export const powershell = (script: string): string => COMMAND + Buffer.from(script, "utf16le").toString("base64");
