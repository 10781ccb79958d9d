/** What a worker of `vmft soak` runs: a share of the seeds, each world reported as it ends. */
import { workerTask } from '../host/workers.ts';
import type { SoakResult } from '../sim/soak.ts';
import { type SoakTask, soakPart } from './soak-job.ts';

const { task, report } = workerTask<SoakTask, SoakResult>();
await soakPart(task, report);
