/** What a worker of `vmft explore` runs: one part, reported to the thread that started it. */
import { workerTask } from '../host/workers.ts';
import { type ExploreReport, type ExploreTask, explorePart } from './explore-job.ts';

const { task, report } = workerTask<ExploreTask, ExploreReport>();
await explorePart(task, report);
