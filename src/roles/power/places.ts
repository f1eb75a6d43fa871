/* Where the UPS' server and those that listen to it keep what is theirs. */

export const [SERVER_UNIT, MONITOR_UNIT] = ["nut-server", "nut-monitor"] as const;

/** What the simulated UPS says; gone with power, and then it is on mains. A drill writes it. */
export const STATE = "/run/nut/maquette-ups.dev";
/** The same as it is on mains. */
export const ON_MAINS = "/etc/nut/maquette-mains.dev";

/** Carries out the stop in its order, on the server. */
export const STOP_UNIT = "maquette-power-stop";
export const STOP_PROGRAM = "/usr/local/lib/maquette/power_stop.py";

/** Its last word, before it stops its own host. */
export const STOPS = "this host stops";

/** What a listening host does when it is told to stop. */
export const OFF_UNIT = "maquette-power-off";

/** In NUT; of those that listen each has one of its own. */
export const TELLER = "maquette";

/** As the server's agent tells it: a variable of the UPS. */
export const variable = (name: string): string => `maquette.ups[${name}]`;
