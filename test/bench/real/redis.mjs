/** What redis clients measure: redis-benchmark, and a client that counts on one connection. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';

/** Runs redis-benchmark → requests a second, and the median latency in ms. */
export async function benchmark(port, connections, requests, test) {
  const counts = ['-c', connections, '-n', requests].map(String);
  const child = spawn('redis-benchmark', ['-p', String(port), ...counts, '-t', test, '--csv']);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece) => {
    text += piece;
  });
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`redis-benchmark ended with status ${status}`);
  const lines = text.trim().split('\n');
  const [head, row] = lines.slice(-2).map((line) => line.replaceAll('"', '').split(','));
  const field = (name) => Number(row[head.indexOf(name)]);
  return { rps: field('rps'), p50: field('p50_latency_ms') };
}

/** Counts on one connection, the next number when the last one has come; throws for a wrong one. */
export class Counter {
  count = 0;
  #began = performance.now();
  #longestMs = 0;
  #socket;

  constructor(port) {
    this.#socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('utf8');
    this.#socket.on('error', (error) => {
      throw new Error(`after ${this.count} answers: ${error.message}`);
    });
    let text = '';
    this.#socket.on('data', (piece) => {
      text += piece;
      if (!text.endsWith('\r\n')) return;
      const now = performance.now();
      this.#longestMs = Math.max(this.#longestMs, now - this.#began);
      if (text !== `:${++this.count}\r\n`) throw new Error(`answer ${this.count} is ${text}`);
      text = '';
      this.#ask();
    });
    this.#ask();
  }

  #ask() {
    this.#began = performance.now();
    this.#socket.write('INCR stall\r\n');
  }

  /** The longest wait for an answer since this was asked last, in ms. */
  takeLongestMs() {
    const longest = this.#longestMs;
    this.#longestMs = 0;
    return longest;
  }

  end() {
    this.#socket.destroy();
  }
}
