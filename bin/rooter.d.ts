import type { Rooter } from "../src/embedded/room.ts";

export const startRoom: Rooter["startRoom"];
export const install: Rooter["install"];
