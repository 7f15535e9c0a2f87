import { defineConfig } from 'vitest/config';

const json = process.env.VITEST_JSON;

/** Unit, conformance and simulation tests: no root, no network, no real time. */
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/{conformance,sim,project}/**/*.test.ts'],
    pool: 'forks', // native calls
    maxWorkers: '100%', // the default leaves a core idle
    isolate: false, // loading the same modules for each file took most of the time
    setupFiles: ['test/fresh-log.ts', 'test/fixed-seed.ts'],
    testTimeout: 120_000, // only ends what hangs: a busy machine takes its time
    reporters: json === undefined ? ['default'] : ['dot', ['json', { outputFile: json }]],
  },
});
