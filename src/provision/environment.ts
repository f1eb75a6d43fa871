/* What this shell says of the guests of the embedded lab, and of files of others; all are paths, so none is in anybody's state. */

/** The variable that names the folder of the guests' own sockets, where guests are on this machine. */
export const SOCKETS = "MAQUETTE_DOOR";

/** The variable that names the machine room's socket, where guests run on this machine. */
export const ROOM = "MAQUETTE_ROOM";

/** The variable that names the folder of the stack's setting `artefacts`, where it names one. */
export const ARTEFACTS = "MAQUETTE_ARTEFACTS";
