/** A client of udp-counter that asks until it is answered. */
import { createSocket, type Socket } from 'node:dgram';
import { afterEach, beforeEach } from 'vitest';
import { until } from './support.ts';

export class Asker {
  #port = 0;
  #replies: string[] = [];
  #socket!: Socket;

  private constructor() {}

  /** Asks at `port` of 127.0.0.1. */
  static at(port: number): Asker {
    const asker = new Asker();
    asker.#open(port);
    return asker;
  }

  /** Asks at the port that the machine has in each test of the file. */
  static forEachTest(machine: { readonly port: number }): Asker {
    const asker = new Asker();
    beforeEach(() => asker.#open(machine.port));
    afterEach(() => asker.close());
    return asker;
  }

  #open(port: number): void {
    this.#port = port;
    this.#replies = [];
    this.#socket = createSocket('udp4');
    this.#socket.on('message', (bytes) => this.#replies.push(String(bytes)));
  }

  /** The answer to `text`, without the tag that it repeats. The guest may hear it several times. */
  async ask(tag: string, text: string): Promise<string> {
    const send = (): void => this.#socket.send(`${tag} ${text}`, this.#port, '127.0.0.1');
    send();
    const again = setInterval(send, 200);
    const reply = await until(`the guest answers ${tag}`, () =>
      this.#replies.find((line) => line.startsWith(`${tag} `)),
    ).finally(() => clearInterval(again));
    return reply.slice(tag.length + 1);
  }

  /** The number that udp-counter has come to. */
  async count(tag: string): Promise<number> {
    return Number(await this.ask(tag, 'inc'));
  }

  /** Whether a question with this tag has been answered. */
  isAnswered(tag: string): boolean {
    return this.#replies.some((line) => line.startsWith(`${tag} `));
  }

  close(): void {
    this.#socket.close();
  }
}
