import { defineConfig } from "vitest/config";
import { programsForVite } from "./bin/programs.js";
import { Order } from "./tests/run/order.ts";

/** Whole processes, daemons, and proofs over many tables: seconds each. */
const slow = [
  "tests/cli/{artefacts,bad-input,engine-download}.test.ts",
  "tests/docs/edit-costs.test.ts",
  "tests/embedded/**/*.test.ts",
  "tests/release/**/*.test.ts",
  "tests/roles/adding-a-role.test.ts",
  "tests/pfsense/adopt/{lab,random}.test.ts",
  "tests/pfsense/emit/{random-tables,whole-table}.test.ts",
  "tests/pfsense/proof/mutation*.test.ts",
];

/** Programs of guests are imported as text. */
const plugins = [programsForVite];

/** Guests that run have tests of their own, whoever runs these. */
const inEnglish = { MAQUETTE_LANG: "en" };
const inMemory = { ...inEnglish, MAQUETTE_GUESTS: "memory" };

// `unit` is what a person runs while working (under a minute together); `slow` is the rest that needs no engine; `engine`
// runs the real Pulumi engine against the embedded API; `twin` and `lab` run guests. CI runs all of them.
export default defineConfig({
  test: {
    // Its own choice leaves a core to itself, of two one of them.
    maxWorkers: "100%",
    // A lab is destroyed in it.
    teardownTimeout: 300_000,
    sequence: { sequencer: Order },
    projects: [
      {
        plugins,
        test: {
          name: "unit",
          include: ["tests/**/*.test.ts"],
          env: inMemory,
          // Importing the product again for each file was half of the CPU time.
          isolate: false,
          setupFiles: ["tests/run/as-found.ts"],
          exclude: ["tests/engine/**", "tests/**/*.{twin,lab}.test.ts", ...slow],
          // What one takes on a machine that has twenty other things to do.
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        plugins,
        test: { name: "slow", include: slow, env: inMemory, testTimeout: 600_000, hookTimeout: 600_000 },
      },
      {
        plugins,
        test: {
          name: "engine",
          include: ["tests/engine/**/*.test.ts"],
          env: inMemory,
          // A command that says nothing is ended by tests/engine/lab.ts; this is for what no test can be meant to take.
          testTimeout: 1_800_000,
          hookTimeout: 1_800_000,
          // Each file has a clone with a state, a port and temporary files of its own, and leaves a core idle half the time.
          maxWorkers: 2,
          // Without it they would come last of all.
          sequence: { groupOrder: 1 },
        },
      },
      {
        plugins,
        // Worlds of their own, in which guests are made and ended: root, namespaces. Each says in words why it is skipped
        // where that cannot be.
        test: {
          name: "twin",
          include: ["tests/**/*.twin.test.ts"],
          env: inEnglish,
          testTimeout: 120_000,
          hookTimeout: 1_200_000,
          fileParallelism: false,
          // After the others: what is timed here should not be timed against them.
          sequence: { groupOrder: 2 },
        },
      },
      {
        plugins,
        // What uses a lab that runs, one after another: the run's own, brought up once (tests/lab/standing.ts). After the
        // engine's tests, which build the engine, and after worlds that are made and ended, so that it stands in no way.
        test: {
          name: "lab",
          include: ["tests/**/*.lab.test.ts"],
          env: inEnglish,
          globalSetup: ["tests/lab/setup.ts"],
          testTimeout: 300_000,
          hookTimeout: 1_800_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
