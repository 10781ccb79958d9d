/**
 * What a process of a machine says, line by line on standard error: rare, and useful to whoever
 * looks after it. As text
 *
 *   TIME LEVEL PART/GENERATION MESSAGE
 *
 * or as JSON, {"time", "level", "part", "machine", "generation", "message"}, one object a line.
 *
 * Whoever is refused is told here and counted by kind. A stranger who comes again and again fills
 * no disk: of each kind the first few are told, later at most one every ten seconds.
 */

/** How lines look. */
export const LOG_FORMATS = ['text', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

type Level = 'info' | 'warning' | 'error';

/**
 * Why somebody or something is refused:
 * - `stranger`: without the key, or no member of this machine
 * - `machine`, `configuration`: of another machine, or of another image or configuration
 * - `generation`, `token`: of a generation or with a token that is over, or is not awaited
 * - `version`: of another version of vmft
 * - `malformed`: bytes that are no frame, message or greeting
 * - `altered`: bytes that were changed on their way
 * - `repeated`: something that was here before
 * - `gap`: something comes before which there should be something else
 */
export const REFUSALS = [
  'stranger',
  'machine',
  'configuration',
  'generation',
  'token',
  'version',
  'malformed',
  'altered',
  'repeated',
  'gap',
] as const;
export type RefusalKind = (typeof REFUSALS)[number];

/** Tells of a refusal, in words. */
export type Refuse = (kind: RefusalKind, reason: string) => void;

/** Refusals of a kind that are told before they become too many. */
const FREE_LINES = 5;

/** Time between two lines about refusals of a kind that are too many, in ms. */
const QUIET_MS = 10_000;

/** What a log is made of. */
export interface LogOptions {
  readonly format: LogFormat;
  /** Name of the process: that of a host, `disk` or `gateway`. */
  readonly part: string;
  readonly machine: string;
  /** Takes a line, without its end. */
  readonly write?: (line: string) => void;
  /** A monotonic clock, in ms. */
  readonly nowMs?: () => number;
}

/** Refusals of one kind. */
interface Refused {
  total: number;
  /** Not told since the last line. */
  untold: number;
  toldMs: number;
}

export class Log {
  /** The highest generation that the process knows; 0 for none. */
  generation = 0;
  readonly #options: Required<LogOptions>;
  readonly #refused = new Map<RefusalKind, Refused>();

  constructor({
    write = (line) => void process.stderr.write(`${line}\n`),
    nowMs = () => performance.now(),
    ...options
  }: LogOptions) {
    this.#options = { ...options, write, nowMs };
  }

  /** What has been done. */
  readonly info = (message: string): void => this.#line('info', message);

  /** Something is not as it should be; the process goes on. */
  readonly warn = (message: string): void => this.#line('warning', message);

  /** The process ends. */
  readonly error = (message: string): void => this.#line('error', message);

  /** Somebody or something was refused. */
  readonly refuse: Refuse = (kind, reason) => {
    const now = this.#options.nowMs();
    const refused = this.#refused.get(kind) ?? { total: 0, untold: 0, toldMs: now };
    this.#refused.set(kind, refused);
    refused.total++;
    if (refused.total > FREE_LINES && now - refused.toldMs < QUIET_MS) {
      refused.untold++;
      return;
    }
    const more = refused.untold > 0 ? ` (and ${refused.untold} more)` : '';
    refused.untold = 0;
    refused.toldMs = now;
    this.warn(`refuses (${kind}) ${reason}${more}`);
  };

  /** Refusals by kind, of those kinds that there were. */
  get refusals(): Partial<Record<RefusalKind, number>> {
    return Object.fromEntries([...this.#refused].map(([kind, { total }]) => [kind, total]));
  }

  /** All refusals together. */
  get refused(): number {
    return [...this.#refused.values()].reduce((sum, { total }) => sum + total, 0);
  }

  #line(level: Level, message: string): void {
    const { format, part, machine, write } = this.#options;
    const { generation } = this;
    const time = new Date().toISOString();
    if (format === 'json') {
      write(JSON.stringify({ time, level, part, machine, generation, message }));
    } else {
      write(`${time} ${level.padEnd(7)} ${part}/${generation} ${message}`);
    }
  }
}

const ERROR_TEXT = /^\S+Z error +\S+\/\d+ (.*)$/;

/** The message of the last error among lines of a log, in either format, if there is one. */
export function errorOf(lines: readonly string[]): string | undefined {
  return lines.flatMap(messageOfError).at(-1);
}

function messageOfError(line: string): string[] {
  const [, text] = ERROR_TEXT.exec(line) ?? [];
  if (text !== undefined) return [text];
  if (!line.startsWith('{')) return [];
  try {
    const { level, message } = JSON.parse(line) as { level?: Level; message?: string };
    return level === 'error' && message !== undefined ? [message] : [];
  } catch (error) {
    // The line is not whole, or somebody else's.
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
