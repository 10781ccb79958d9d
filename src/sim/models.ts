/**
 * What our servers are meant to do, for the checker of histories: the key-value store (kv.asm) and
 * the lock server (lock.asm).
 */
import type { Model, Operation } from './linearizability.ts';

/** The models by the names that scenario files use. */
export const MODELS = { kv: kvModel(), lock: lockModel() } as const satisfies Record<string, Model>;

/** The name of a model. */
export type ModelName = keyof typeof MODELS;

/** State: the value with a mark before it, or nothing. */
function kvModel(): Model {
  const verbs = ['set', 'get', 'del'];
  return {
    keyOf: (request) => {
      const [verb, key] = request.split(' ');
      return verbs.includes(verb!) ? key : undefined;
    },
    initial: '',
    isReading: ({ request }) => request.startsWith('get '),
    step: (state, { request, answer }) => {
      const [verb, , value = ''] = request.split(' ');
      const allow = (rightly: string, next: string): string[] =>
        answer === undefined || answer === rightly ? [next] : [];
      if (verb === 'get') return allow(state === '' ? 'none' : state.slice(1), state);
      if (verb === 'del') return allow(state === '' ? 'none' : 'ok', '');
      if (answer === 'full' || answer === 'too long') return [state];
      return allow('ok', `=${value}`);
    },
  };
}

const TICK_NS = 10_000_000;

/**
 * State: the owner, and when the lock can expire at the earliest in ns of the world, or nothing. A
 * guest's time may stand still but never runs ahead, so no lock expires before its ticks are over.
 */
function lockModel(): Model {
  return {
    keyOf: (request) => {
      const [verb, name] = request.split(' ');
      return verb === 'lock' || verb === 'unlock' ? name : undefined;
    },
    initial: '',
    isReading: ({ answer }) => answer?.startsWith('held by ') === true || answer === 'not yours',
    step: (state, operation) => {
      const [owner = '', freeNs = '0'] = state.split(' ');
      const mayBeFree = state === '' || operation.returnedNs >= Number(freeNs);
      const held = state === '' ? [] : lockStep(owner, state, operation);
      const free = mayBeFree ? lockStep('', '', operation) : [];
      return [...new Set([...held, ...free])];
    },
  };
}

function lockStep(
  owner: string,
  state: string,
  { request, answer, calledNs }: Operation,
): string[] {
  const [verb, , who = '', ticks = '0'] = request.split(' ');
  const allow = (rightly: string, next: string): string[] =>
    answer === undefined || answer === rightly ? [next] : [];
  if (verb === 'unlock') return owner === who ? allow('released', '') : allow('not yours', state);
  if (owner !== '' && owner !== who) return allow(`held by ${owner}`, state);
  // The first tick may come at once.
  const freeNs = calledNs + Math.max(0, Number(ticks) - 1) * TICK_NS;
  return allow('granted', `${who} ${freeNs}`);
}
