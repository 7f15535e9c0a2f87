/** Properties draw the same values in every run, so that none fails by chance; FUZZ_SEED draws others. */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env.FUZZ_SEED ?? 1) });
