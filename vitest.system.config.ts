import { defineConfig } from 'vitest/config';

/** System tests: namespaces, the kernel, the real Debian tools. Each file makes and removes its own hosts. */
export default defineConfig({
  test: {
    include: ['test/system/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false, // they share the two cores with the packets they measure
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
