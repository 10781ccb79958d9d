/**
 * The clients of a redis whose hosts die: redis-cli, which counts on one connection, and
 * redis-benchmark, which counts on fifty. Both note what a server that never failed would not have
 * answered; the former also how long it had to wait.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Connections of the benchmark. */
const CONNECTIONS = 50;

/** The key that `redis-benchmark -t incr` counts in. */
const BENCHMARK_KEY = 'counter:__rand_int__';

/** redis-cli at a port of this host. */
export const redisCli = (port: number): string[] => ['redis-cli', '-p', String(port)];

/** redis-cli on one connection: asks for the next number whenever it has been given one. */
export class CountingClient {
  /** Answers so far, each of which was the next number but for those in `trouble`. */
  count = 0;
  /** Answers that were not the next number, and what redis-cli had to say. */
  readonly trouble: string[] = [];
  readonly #child: ChildProcess;
  #answeredMs = performance.now();
  #longestMs = 0;

  /** `command` is redis-cli, wherever it runs and whatever it connects to. */
  constructor([program, ...args]: readonly string[]) {
    const child = spawn(program!, args);
    this.#child = child;
    // At the end it may have gone before the last question.
    child.stdin.on('error', () => {});
    const ask = () => child.stdin.write('INCR visits\n');
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n')) if (line !== '') this.#take(line);
      ask();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.trouble.push(text));
    ask();
  }

  #take(line: string): void {
    const nowMs = performance.now();
    this.#longestMs = Math.max(this.#longestMs, nowMs - this.#answeredMs);
    this.#answeredMs = nowMs;
    this.count++;
    if (line !== String(this.count)) this.trouble.push(`${line} as answer ${this.count}`);
  }

  /** The longest wait for an answer, in ms, since this was asked last. */
  takeLongestMs(): number {
    const longestMs = this.#longestMs;
    this.#longestMs = 0;
    return longestMs;
  }

  end(): void {
    this.#child.kill();
  }
}

/** redis-benchmark, again and again until it is told to stop. */
export class BenchmarkClient {
  /** Requests that were answered. */
  requests = 0;
  /** What went wrong. */
  readonly trouble: string[] = [];
  readonly #port: number;
  readonly #round: number;
  #child: ChildProcess | undefined;
  #stopping = false;
  readonly #done: Promise<void>;

  /** `round` requests at a time, over connections that are made anew for each round. */
  constructor(port: number, round: number) {
    this.#port = port;
    this.#round = round;
    this.#done = this.#run();
  }

  async #run(): Promise<void> {
    const counts = ['-c', CONNECTIONS, '-n', this.#round].map(String);
    while (!this.#stopping) {
      const args = ['-p', String(this.#port), ...counts, '-t', 'incr', '-q'];
      // It tells of its progress, and stops where nobody reads that.
      const child = spawn('redis-benchmark', args, { stdio: ['ignore', 'ignore', 'pipe'] });
      this.#child = child;
      child.stderr.setEncoding('utf8').on('data', (text: string) => this.trouble.push(text));
      const [status] = await once(child, 'exit');
      if (status !== 0) this.trouble.push(`ended with status ${status}`);
      else this.requests += this.#round;
    }
  }

  /** Settles when the present round is over. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#done;
  }

  /** Ends at once. */
  end(): void {
    this.#stopping = true;
    this.#child?.kill();
  }

  /** What the guest says that all rounds have counted. */
  counted(): number {
    const args = ['-p', String(this.#port), 'get', BENCHMARK_KEY];
    return Number(execFileSync('redis-cli', args, { encoding: 'utf8' }));
  }
}
