import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const json = process.env.VITEST_JSON;

/** Files that take longest begin first, lest one is left when all others are done. */
const longest = ['bridge-scripts', 'protocol-scripts', 'network-scripts', 'parity', 'vsctl', 'exporters'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = longest.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return at === -1 ? longest.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

/**
 * System tests: namespaces, the kernel, the real Debian tools. Each file makes and removes its own hosts. Those of the
 * package need no root.
 */
export default defineConfig({
  test: {
    include: ['test/{package,system}/**/*.test.ts'],
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    maxWorkers: 3, // on two cores: a test mostly waits for one process at a time
    testTimeout: 300_000, // only end what hangs: a busy machine takes its time
    hookTimeout: 600_000,
    expect: { poll: { timeout: 60_000 } }, // the default of a second is luck there
    reporters: json === undefined ? ['default'] : ['default', ['json', { outputFile: json }]],
  },
});
