// `node --import ./bin/typescript.js FILE.ts`: TypeScript without a bundle, as scripts, benches and the run of the tests need it.
import { register } from "node:module";
import "tsx";

register("./programs.js", import.meta.url);
