/** The one way into a running lab: SSH, SOCKS5 and consoles. */
export { openDoor, type Door, type ReachOptions } from "./door.ts";
export { SshConnection } from "./ssh.ts";
export { targetsOf, type TargetFacts, type Targets } from "./targets.ts";
export { keyOf, hostKeyOf, USER, type Target } from "./target.ts";
export { serveDoor } from "./serve.ts";
export { attach, type Ends } from "./attach.ts";
export { asRoot, quote, rootUntilHangUp } from "./shell.ts";
export { tcpdump } from "./capture.ts";
