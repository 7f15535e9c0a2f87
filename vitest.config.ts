import { defineConfig } from 'vitest/config';

const json = process.env.VITEST_JSON;

/** Unit, conformance and simulation tests: no root, no network, no real time. */
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/{conformance,sim,project}/**/*.test.ts'],
    pool: 'forks', // native calls
    maxWorkers: '100%', // the default leaves a core idle
    testTimeout: 20_000,
    reporters: json === undefined ? ['default'] : ['dot', ['json', { outputFile: json }]],
  },
});
