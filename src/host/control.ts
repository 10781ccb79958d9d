/**
 * How people reach a running process: a Unix socket in the folder of the machine, to which one
 * writes one line of JSON, {"ask": …}, and which answers with one. Only who may enter the folder
 * can ask.
 */
import { createConnection, createServer, type Server } from 'node:net';
import { VmftError } from '../base/errors.ts';
import { reasonOf, shortPath } from './files.ts';

/** A question longer than this is none. */
const MAX_LINE_BYTES = 64 * 1024;

/** A question, and whatever goes with it. */
export interface Question {
  readonly ask: string;
  readonly [argument: string]: unknown;
}

/** Undefined for a question that is not understood. */
export type Answer = (question: Question) => object | undefined | Promise<object>;

/** Answers questions at `path`, each with what `answer` returns for it. */
export async function serveControl(path: string, answer: Answer): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    socket.setEncoding('utf8').on('error', () => {});
    socket.on('data', (piece: string) => {
      text += piece;
      if (text.length > MAX_LINE_BYTES) socket.destroy();
      if (!text.includes('\n')) return;
      const line = text;
      text = '';
      void replyTo(line, answer).then((reply) => socket.end(`${JSON.stringify(reply)}\n`));
    });
  });
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(shortPath(path), done);
  }).catch((error: unknown) => {
    throw new VmftError('environment', `cannot listen on ${path}: ${reasonOf(error)}`);
  });
  return server;
}

async function replyTo(line: string, answer: Answer): Promise<object> {
  try {
    const question: unknown = JSON.parse(line);
    if (typeof question === 'object' && question !== null && 'ask' in question)
      return (await answer(question as Question)) ?? { error: 'no such question here' };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { error: 'no question' };
}

/** Asks whoever listens at `path`; undefined where nobody answers within `timeoutMs`. */
export async function askControl(
  path: string,
  question: Question,
  timeoutMs: number,
): Promise<object | undefined> {
  const socket = createConnection(shortPath(path)).setEncoding('utf8');
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  try {
    socket.write(`${JSON.stringify(question)}\n`);
    let text = '';
    for await (const piece of socket) text += piece;
    return JSON.parse(text) as object;
  } catch {
    // Nobody is there, or what is there hangs or ends: for the asker it is all one.
    return undefined;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
