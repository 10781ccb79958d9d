/**
 * The last step of the build: joins the modules of dist/ and of the packages it uses into a few
 * files in dist/bin/, which are what `vmft` starts. Reading a hundred and forty small modules took
 * most of the time of a short command; docs/decisions.md has the numbers. The modules in dist/ stay
 * as they are, for the tests and for whoever imports them.
 */
import { rolldown } from 'rolldown';

const bundle = await rolldown({ input: 'dist/cli/main.js', platform: 'node' });
// As deep below the root as dist/cli/, so that paths relative to a module lead to the same places.
await bundle.write({ dir: 'dist/bin', format: 'esm', chunkFileNames: '[name].js' });
await bundle.close();
