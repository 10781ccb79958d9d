/**
 * The parts of an exploration, on as many threads as are wanted. With a state file an exploration
 * that is stopped, however it comes, goes on where it was: the file is JSON and holds what was
 * asked for, and for each thread the {@link Exploration} of the places that it has done.
 */
import { VmftError } from '../base/errors.ts';
import { isFile, readUserFile, writeUserFiles } from '../host/files.ts';
import { runWorkers, usableThreads } from '../host/workers.ts';
import { type Exploration, isExploration, mergeExplorations } from '../sim/explore/exploration.ts';
import { type ExploreReport, type ExploreTask, explorePart } from './explore-job.ts';

/** How an exploration is divided, and where it is kept. */
export interface PartsOptions {
  readonly workers?: number;
  /** Only the first number's of so many parts, from 1. */
  readonly shard?: readonly [number, number];
  readonly state?: string;
}

/** What a state file holds. */
interface State {
  readonly format: typeof FORMAT;
  readonly task: ExploreTask;
  readonly shard: readonly [number, number];
  /** By thread; null where nothing has been done yet. */
  readonly parts: (Exploration | null)[];
}

const FORMAT = 'vmft explore state 1';

/** Explores, and returns what each thread has found. @throws VmftError 'input' | 'environment' */
export async function runParts(task: ExploreTask, options: PartsOptions): Promise<Exploration[]> {
  const state = stateOf(task, options);
  const before = [...state.parts];
  const workers = state.parts.length;
  const [shard, shards] = state.shard;
  const tasks = before.map((part, index): ExploreTask => {
    const share = { index: (shard - 1) * workers + index, of: shards * workers };
    const skip = part ? part.range[1] - part.range[0] : 0;
    return { ...task, options: { ...task.options, part: share, skip } };
  });
  const progress = tasks.map(() => ({ done: 0, of: 0 }));
  const onReport = ({ found, ...places }: ExploreReport, index: number): void => {
    progress[index] = places;
    if (process.stderr.isTTY) showProgress(progress);
    if (!found) return;
    state.parts[index] = joined(before[index] ?? null, found, options.state);
    if (options.state !== undefined) write(options.state, state);
  };
  if (workers === 1) await explorePart(tasks[0]!, (report) => onReport(report, 0));
  else await runWorkers(new URL('./explore-worker.js', import.meta.url), tasks, onReport);
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  return state.parts.filter((part) => part !== null);
}

function showProgress(progress: readonly { done: number; of: number }[]): void {
  const sum = (key: 'done' | 'of'): number => progress.reduce((all, part) => all + part[key], 0);
  process.stderr.write(`\r${sum('done')} of ${sum('of')} places\x1b[K`);
}

/** Where an exploration stands: as its file says, or at its beginning. */
function stateOf(task: ExploreTask, { workers, shard = [1, 1], state: file }: PartsOptions): State {
  const threads = Math.max(1, workers ?? usableThreads());
  const fresh: State = { format: FORMAT, task, shard, parts: Array(threads).fill(null) };
  const kept = file === undefined ? undefined : read(file);
  if (!kept) return fresh;
  const asked = ({ task: what, shard: which }: State): string => JSON.stringify([what, which]);
  if (asked(kept) === asked(fresh)) return kept;
  throw new VmftError('input', `${file} keeps another exploration: name another file`);
}

/** The state in a file; undefined where there is no such file yet. */
function read(file: string): State | undefined {
  if (!isFile(file)) return undefined;
  const text = new TextDecoder().decode(readUserFile(file, 'state', 'input'));
  try {
    const state = JSON.parse(text) as State | null;
    if (state?.format === FORMAT && state.parts.every((part) => !part || isExploration(part))) {
      return state;
    }
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
  throw new VmftError('input', `${file} is not what --state has written: name another file`);
}

function write(file: string, state: State): void {
  writeUserFiles([{ path: file, what: 'state', bytes: JSON.stringify(state) }]);
}

/** What a thread has found in all: before, and since. */
function joined(before: Exploration | null, found: Exploration, file = ''): Exploration {
  const whole = before ? mergeExplorations([before, found]) : found;
  if (whole) return whole;
  throw new VmftError('input', `${file} keeps what another program found: name another file`);
}
