import { defineConfig } from 'vitest/config';

const json = process.env.VITEST_JSON;

/**
 * System tests: namespaces, the kernel, the real Debian tools. Each file makes and removes its own hosts. Those of the
 * package need no root.
 */
export default defineConfig({
  test: {
    include: ['test/{package,system}/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 3, // on two cores: a test mostly waits for one process at a time
    testTimeout: 300_000, // only end what hangs: a busy machine takes its time
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } }, // the default of a second is luck there
    reporters: json === undefined ? ['default'] : ['default', ['json', { outputFile: json }]],
  },
});
