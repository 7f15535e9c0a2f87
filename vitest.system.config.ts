import { defineConfig } from 'vitest/config';

const json = process.env.VITEST_JSON;

/** System tests: namespaces, the kernel, the real Debian tools. Each file makes and removes its own hosts. */
export default defineConfig({
  test: {
    include: ['test/system/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false, // they share the cores with the packets they send
    testTimeout: 300_000, // only end what hangs: a busy machine takes its time
    hookTimeout: 120_000,
    reporters: json === undefined ? ['default'] : ['default', ['json', { outputFile: json }]],
  },
});
