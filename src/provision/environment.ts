/* What this shell says of the guests of the embedded lab; both are paths, so neither is in anybody's state. */

/** The variable that names the folder of the guests' own sockets, where guests are on this machine. */
export const SOCKETS = "MAQUETTE_DOOR";

/** The variable that names the machine room's socket, where guests run on this machine. */
export const ROOM = "MAQUETTE_ROOM";
