import tseslint from "typescript-eslint";

// Correctness rules only: layout is prettier's, directions between rooms are dependency-cruiser's.
export default tseslint.config(
  { ignores: ["node_modules/", "coverage/", ".dependency-cruiser.cjs"] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-confusing-void-expression": "off",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      // tsconfig's noPropertyAccessFromIndexSignature asks for the opposite.
      "@typescript-eslint/dot-notation": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/unified-signatures": "off",
      "no-console": "error",
      eqeqeq: "error",
    },
  },
  { files: ["src/cli/**", "scripts/**", "bench/**", "bin/**"], rules: { "no-console": "off" } },
  { files: ["**/*.js", "**/*.mjs", "**/*.cjs", "bin/*"], ...tseslint.configs.disableTypeChecked },
);
