/**
 * The last step of the build: joins the modules of dist/ and of the packages it uses into a few
 * files in dist/bin/, which are what `vmft` starts (docs/decisions.md says why). They lie as deep
 * below the root as dist/cli/, so that paths relative to a module lead to the same places.
 */
import { rolldown } from 'rolldown';

// A worker is a program of its own, which the other one starts.
const workers = ['explore', 'soak'].map((name) => `dist/cli/${name}-worker.js`);
const input = ['dist/cli/main.js', ...workers];
const bundle = await rolldown({ input, platform: 'node' });
await bundle.write({ dir: 'dist/bin', format: 'esm', chunkFileNames: '[name].js' });
await bundle.close();
