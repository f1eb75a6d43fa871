import { defineConfig } from "vitest/config";

// `unit` is what a person runs while working (under 30 s together); `engine` runs the real Pulumi
// engine against the embedded API and is what CI adds.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["tests/**/*.test.ts"],
          exclude: ["tests/engine/**", "tests/twin/**"],
          testTimeout: 15_000,
        },
      },
      {
        test: {
          name: "engine",
          include: ["tests/engine/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 1_800_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
