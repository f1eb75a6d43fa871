import { defineConfig } from "vitest/config";

/** Whole processes, daemons, and proofs over many tables: seconds each. */
const slow = [
  "tests/cli/{bad-input,engine-download}.test.ts",
  "tests/embedded/**/*.test.ts",
  "tests/release/**/*.test.ts",
  "tests/roles/adding-a-role.test.ts",
  "tests/pfsense/adopt/{lab,random}.test.ts",
  "tests/pfsense/emit/{random-tables,whole-table}.test.ts",
  "tests/pfsense/proof/mutation*.test.ts",
];

/** Guests that run have tests of their own, whoever runs these. */
const inMemory = { MAQUETTE_GUESTS: "memory" };

// `unit` is what a person runs while working (under 30 s together); `slow` is the rest that needs no engine; `engine`
// runs the real Pulumi engine against the embedded API. CI runs all three.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["tests/**/*.test.ts"],
          env: inMemory,
          exclude: ["tests/engine/**", "tests/**/*.twin.test.ts", ...slow],
          testTimeout: 30_000,
        },
      },
      { test: { name: "slow", include: slow, env: inMemory, testTimeout: 180_000, hookTimeout: 120_000 } },
      {
        test: {
          name: "engine",
          include: ["tests/engine/**/*.test.ts"],
          env: inMemory,
          testTimeout: 300_000,
          hookTimeout: 1_800_000,
          fileParallelism: false,
        },
      },
      {
        // Guests that run: root, namespaces, minutes. Each says in words why it is skipped where that cannot be.
        test: {
          name: "twin",
          include: ["tests/**/*.twin.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 1_200_000,
          fileParallelism: false,
          // After the others: what is timed here should not be timed against them.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
