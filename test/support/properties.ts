/** Before every test file: how often properties are tried that name no number. */
import { configureGlobal } from 'fast-check';
import { runs } from './runs.ts';

configureGlobal({ numRuns: runs(100, 50) });
