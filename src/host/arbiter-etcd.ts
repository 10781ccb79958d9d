/**
 * An arbiter in etcd, version 3, by its JSON gateway. A register is the key
 * `vmft/MACHINE/GENERATION`; a claim is one transaction, "create it if it does not exist, else read
 * it", which etcd decides by a majority of its members. Reads are linearizable, etcd's default.
 *
 * Endpoints are asked one after the other until one answers; the one that did is asked first the
 * next time. An error of etcd (no leader, quorum lost) is no answer; after one that a user gets, he
 * logs in anew: his token may have ended, or belong to users that have changed.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Claim } from '../ft/ports.ts';
import type { Arbiter, ArbiterOptions, ClaimAnswer, OwnerAnswer } from './arbiter.ts';
import { Troubles } from './arbiter-troubles.ts';
import { reasonOf } from './files.ts';

/** How long one endpoint may take where nothing else is said, in ms. */
const DEFAULT_TIMEOUT_MS = 1000;

/** An answer is a few hundred bytes; a longer one is not etcd's. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** The parts of etcd's answers that are read here. Numbers and bytes are strings. */
interface Range {
  readonly kvs?: readonly { readonly value?: string }[];
}
interface TxnAnswer {
  readonly succeeded?: boolean;
  readonly responses?: readonly { readonly response_range?: Range }[];
}

/** An endpoint that answers, but refuses. */
class Refused extends Error {}

/** Registers as keys of etcd. */
export class EtcdArbiter implements Arbiter {
  #endpoints: readonly URL[];
  readonly #troubles: Troubles;
  readonly #options: ArbiterOptions;
  readonly #agents: { readonly http: HttpAgent; readonly https: HttpsAgent };
  readonly #closing = new AbortController();
  /** By endpoint, for a server that asks for users. */
  readonly #tokens = new Map<string, string>();

  constructor(
    endpoints: readonly URL[],
    report: (trouble: string) => void,
    options: ArbiterOptions,
  ) {
    this.#endpoints = endpoints;
    this.#troubles = new Troubles(report);
    this.#options = options;
    const ca = options.ca === undefined ? {} : { ca: options.ca };
    this.#agents = {
      http: new HttpAgent({ keepAlive: true }),
      https: new HttpsAgent({ keepAlive: true, ...ca }),
    };
  }

  async claim({ machine, generation, owner }: Claim): Promise<ClaimAnswer> {
    const key = keyOf(machine, generation);
    const answer = (await this.#ask('/v3/kv/txn', {
      compare: [{ key, target: 'CREATE', result: 'EQUAL', create_revision: '0' }],
      success: [{ request_put: { key, value: encode(owner) } }],
      failure: [{ request_range: { key } }],
    })) as TxnAnswer | undefined;
    if (answer === undefined) return 'unknown';
    if (answer.succeeded) return 'won';
    const holder = firstValue(answer.responses?.[0]?.response_range);
    if (holder === undefined) return 'unknown';
    return holder === owner ? 'won' : 'lost';
  }

  async ownerOf(machine: string, generation: number): Promise<OwnerAnswer> {
    const answer = await this.#ask('/v3/kv/range', { key: keyOf(machine, generation) });
    return answer === undefined ? 'unknown' : { owner: firstValue(answer as Range) };
  }

  close(): void {
    this.#closing.abort();
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  /** The first answer that an endpoint gives; undefined where none does. */
  async #ask(path: string, body: object): Promise<object | undefined> {
    for (const endpoint of this.#endpoints) {
      try {
        const answer = await this.#askOne(endpoint, path, body);
        this.#troubles.end();
        this.#endpoints = [endpoint, ...this.#endpoints.filter((other) => other !== endpoint)];
        return answer;
      } catch (error) {
        if (this.#closing.signal.aborted) return undefined;
        this.#troubles.tell(`arbiter ${endpoint.origin}: ${reasonOf(error)}`);
      }
    }
    return undefined;
  }

  async #askOne(endpoint: URL, path: string, body: object): Promise<object> {
    const { user } = this.#options;
    if (user === undefined) return this.#post(endpoint, path, body);
    const token = this.#tokens.get(endpoint.origin);
    if (token !== undefined) {
      try {
        return await this.#post(endpoint, path, body, token);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
      }
    }
    return this.#post(endpoint, path, body, await this.#logIn(endpoint, user));
  }

  async #logIn(endpoint: URL, user: string): Promise<string> {
    const colon = user.indexOf(':');
    const [name, password] = [user.slice(0, colon), user.slice(colon + 1)];
    const answer = await this.#post(endpoint, '/v3/auth/authenticate', { name, password });
    const token = String((answer as { token?: string }).token);
    this.#tokens.set(endpoint.origin, token);
    return token;
  }

  #post(endpoint: URL, path: string, body: object, token?: string): Promise<object> {
    const text = JSON.stringify(body);
    const timeoutMs = this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const secure = endpoint.protocol === 'https:';
    const request = (secure ? httpsRequest : httpRequest)(new URL(path, endpoint), {
      method: 'POST',
      agent: secure ? this.#agents.https : this.#agents.http,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
        ...(token === undefined ? {} : { authorization: token }),
      },
      signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(timeoutMs)]),
    });
    return new Promise((resolve, reject) => {
      request.on('error', (error) => reject(isTimeout(error) ? silence(timeoutMs) : error));
      request.on('response', (response) => readAnswer(response).then(resolve, reject));
      request.end(text);
    });
  }
}

const isTimeout = (error: Error): boolean => error.name === 'TimeoutError' || isAborted(error);
const isAborted = (error: Error): boolean => error.name === 'AbortError';
const silence = (ms: number): Error => new Error(`no answer in ${ms} ms`);

async function readAnswer(response: IncomingMessage): Promise<object> {
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    text += chunk;
    if (text.length > MAX_ANSWER_BYTES) throw new Error('an answer that is too long for etcd');
  }
  const status = response.statusCode ?? 0;
  if (status !== 200) throw new Refused(`status ${status}: ${text.trim().slice(0, 200)}`);
  const answer: unknown = JSON.parse(text);
  if (typeof answer === 'object' && answer !== null) return answer;
  throw new Error('an answer that is not etcd’s');
}

const encode = (text: string): string => Buffer.from(text).toString('base64');

const keyOf = (machine: string, generation: number): string =>
  encode(`vmft/${encodeURIComponent(machine)}/${generation}`);

function firstValue(range: Range | undefined): string | undefined {
  const value = range?.kvs?.[0]?.value;
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
}
