/**
 * Work on several threads: one worker for each task, which reports as often as it likes and ends
 * when it is done. Tasks and reports are plain data.
 */
import { availableParallelism } from 'node:os';
import { parentPort, Worker, workerData } from 'node:worker_threads';

/** Threads that can compute at the same time on this computer, at least 1. */
export const usableThreads = (): number => availableParallelism();

/**
 * Runs the module at `script` once for each task, all at the same time, and hands over what they
 * report. Settles when all have ended; rejects, and stops the others, with the first error.
 */
export async function runWorkers<Task, Report>(
  script: URL,
  tasks: readonly Task[],
  onReport: (report: Report, task: number) => void,
): Promise<void> {
  const workers = tasks.map((task) => new Worker(script, { workerData: task }));
  try {
    await Promise.all(
      workers.map(
        (worker, index) =>
          new Promise<void>((resolve, reject) => {
            worker.on('message', (report: Report) => onReport(report, index));
            worker.on('error', reject);
            worker.on('exit', () => resolve());
          }),
      ),
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** In a worker: its task, and where its reports go. */
export function workerTask<Task, Report>(): {
  readonly task: Task;
  readonly report: (report: Report) => void;
} {
  return {
    task: workerData as Task,
    report: (report) => parentPort?.postMessage(report),
  };
}
