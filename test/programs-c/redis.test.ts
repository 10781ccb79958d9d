/**
 * The guest redis: it answers what the real redis-server answers, whatever way requests come; keys
 * expire in the guest's time; what it has said is on its disk.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runs } from '../support/runs.ts';
import { describeWithTool } from '../support/tools.ts';
import { type Client, FAIR, GuestNetwork, type NetworkOptions } from './guest-network.ts';
import { RedisServer } from './redis-server.ts';
import { type Answer, parseAnswer, parseAnswers, request, show } from './resp.ts';

const REDIS = 6379;
const WITH_DISK: NetworkOptions = {
  devices: [{ kind: 'net' }, { kind: 'block', sectors: 65 }],
};

/** Runs until so many answers have come → them. */
function answers(network: GuestNetwork, client: Client, count: number): Answer[] {
  const got: Answer[] = [];
  let at = 0;
  network.runUntil(() => {
    client.read();
    for (let next = parseAnswer(client.bytes, at); next; next = parseAnswer(client.bytes, at)) {
      got.push(next.answer);
      at = next.end;
    }
    return got.length >= count;
  });
  client.take(at);
  return got;
}

/** A guest, and a client that asks it one request after the other. */
function guest(options: NetworkOptions = {}) {
  const network = new GuestNetwork('redis', options);
  const client = network.connect(REDIS);
  const ask = (...words: string[]): string => {
    client.send(request(...words));
    return show(answers(network, client, 1)[0]!);
  };
  return { network, client, ask };
}

const key = fc.constantFrom('a', 'b', 'c', 'long key \r\n');
const field = fc.constantFrom('f', 'g', 'h');
const value = fc.oneof(
  fc.constantFrom('', 'x', '7', '-12', '9223372036854775807', '-9223372036854775808', ' 1', '01'),
  fc.string({ unit: 'binary-ascii', maxLength: 30 }),
);
const score = fc.constantFrom('-5', '0', '3', '3', '1000000', 'x');
const count = fc.integer({ min: -4, max: 6 }).map(String);

/** Requests whose answers do not depend on time or chance. */
const anyRequest: fc.Arbitrary<string[]> = fc.oneof(
  fc.tuple(fc.constantFrom('GET', 'STRLEN', 'INCR', 'DECR', 'DEL', 'TYPE', 'TTL', 'PTTL'), key),
  fc.tuple(fc.constantFrom('LLEN', 'HLEN', 'SCARD', 'LPOP', 'RPOP', 'PERSIST', 'GETDEL'), key),
  fc.tuple(fc.constantFrom('HGETALL', 'HKEYS', 'HVALS', 'SMEMBERS', 'EXISTS', 'INCR'), key),
  fc.tuple(fc.constantFrom('SET', 'SETNX', 'GETSET', 'APPEND', 'RPUSH', 'LPUSH'), key, value),
  fc.tuple(fc.constantFrom('INCRBY', 'DECRBY', 'SADD', 'SREM', 'SISMEMBER'), key, value),
  fc.tuple(fc.constantFrom('LINDEX', 'LPOP', 'RPOP'), key, count),
  fc.tuple(fc.constant('LRANGE'), key, count, count),
  fc.tuple(fc.constant('SET'), key, value, fc.constantFrom('NX', 'xx', 'GET', 'KEEPTTL', 'EX')),
  fc.tuple(fc.constant('SET'), key, value, fc.constantFrom('EX', 'px'), value),
  fc.tuple(fc.constantFrom('EXPIRE', 'PEXPIRE'), key, fc.constantFrom('100000', '-1', '0', 'z')),
  fc.tuple(fc.constantFrom('RPUSH', 'SADD', 'MSET', 'DEL', 'EXISTS', 'MGET'), key, value, key),
  fc.tuple(fc.constantFrom('MSET', 'RPUSH', 'LPUSH'), key, value, key, value),
  fc.tuple(fc.constantFrom('HGET', 'HDEL', 'HEXISTS', 'HMGET'), key, field),
  fc.tuple(fc.constantFrom('HSET', 'HINCRBY', 'HDEL'), key, field, value),
  fc.tuple(fc.constant('HSET'), key, field, value, field, value),
  fc.tuple(fc.constantFrom('ZCARD', 'ZPOPMIN'), key),
  fc.tuple(fc.constantFrom('ZSCORE', 'ZRANK', 'ZREM'), key, field),
  fc.tuple(fc.constantFrom('ZADD', 'ZINCRBY'), key, score, field),
  fc.tuple(fc.constant('ZADD'), key, score, field, score, value),
  fc.tuple(fc.constant('ZRANGE'), key, count, count, fc.constant('withscores')),
  fc.tuple(fc.constantFrom('ZRANGE', 'ZPOPMIN'), key, count),
  fc.tuple(fc.constant('KEYS'), fc.constantFrom('*', 'a', '?', '[a-b]', '[^a]', '*\\y*', 'l*')),
  fc.constantFrom(
    ['DBSIZE'],
    ['ping'],
    ['Echo', 'x'],
    ['SELECT', '0'],
    ['GET'],
    ['MGET', 'a', 'b'],
  ),
) as fc.Arbitrary<string[]>;

const UNORDERED = ['KEYS', 'SMEMBERS', 'HKEYS', 'HVALS', 'HGETALL'];

/** An answer as text; of what has no order, in an order. Times to live may have gone on a bit. */
function comparable(words: readonly string[], answer: Answer): string {
  if (['TTL', 'PTTL'].includes(words[0]!) && String(answer).length > 3)
    return String(answer).slice(0, 3);
  if (!UNORDERED.includes(words[0]!) || !Array.isArray(answer)) return show(answer);
  const shown = answer.map(show);
  if (words[0] !== 'HGETALL') return shown.sort().join(' ');
  return shown
    .flatMap((name, i) => (i % 2 === 0 ? [`${name}=${shown[i + 1]}`] : []))
    .sort()
    .join(' ');
}

describeWithTool('redis-server', 'the guest redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());

  it('answers any series of requests as redis-server does, however they are cut', async () => {
    const { network, client } = guest();
    const series = fc.array(anyRequest, { minLength: 1, maxLength: 40 });
    const property = fc.asyncProperty(series, fc.boolean(), async (all, atOnce) => {
      const requests = [['FLUSHALL'], ...all].map((words) => request(...words));
      const theirs = await server.ask(requests);
      let ours: Answer[] = [];
      if (atOnce) client.send(Buffer.concat(requests));
      for (const each of requests) {
        if (atOnce) continue;
        client.send(each);
        ours.push(...answers(network, client, 1));
      }
      if (atOnce) ours = answers(network, client, requests.length);
      for (const [i, words] of all.entries())
        expect(comparable(words, ours[i + 1]!), words.join(' ')).toBe(
          comparable(words, theirs[i + 1]!),
        );
    });
    await fc.assert(property, { numRuns: runs(20) });
  });
});

describe('the guest redis', () => {
  it('takes requests in pieces of any size, over a bad wire, and a line typed by hand', () => {
    const property = fc.property(
      fc.integer(),
      fc.integer({ min: 100, max: 1460 }),
      (seed, size) => {
        const weather = { drop: 0.1, duplicate: 0.1, delayNs: 1e6 };
        const network = new GuestNetwork('redis', { seed, weather });
        const client = network.connect(REDIS, { maxSegment: size });
        const long = 'v'.repeat(3000);
        const typed = Buffer.from('incr a\r\n\r\n  INCR\ta \nping\r\n');
        client.send(Buffer.concat([request('SET', 'k', long), typed, request('GET', 'k')]));
        expect(answers(network, client, 5).map(show)).toEqual([
          '+OK',
          ':1',
          ':2',
          '+PONG',
          JSON.stringify(long),
        ]);
      },
    );
    fc.assert(property, { numRuns: runs(3) });
  });

  it('lets keys expire in the time of the guest, and needs no time while none does', () => {
    const { network, ask } = guest();
    ask('SET', 'short', 'x', 'PX', '1500');
    ask('SET', 'long', 'x', 'EX', '100');
    network.pass(1.2e9);
    expect(ask('GET', 'short')).toBe('"x"');
    expect(ask('TTL', 'long')).toBe(':99');
    network.pass(0.5e9);
    expect(ask('GET', 'short')).toBe('nil');
    expect(ask('SET', 'long', 'y', 'KEEPTTL')).toBe('+OK');
    network.pass(100e9);
    expect(ask('DBSIZE')).toBe(':0');
    network.pass(1e9);
    const { inputs } = network;
    network.pass(600e9);
    expect(network.inputs).toBe(inputs);
  });

  it('ends a connection that speaks something else, after saying why', () => {
    for (const [bytes, error] of [
      ['*1\r\n:4\r\n', 'invalid bulk length'],
      ['*-3\r\n', 'invalid multibulk length'],
      ['*99999999\r\n', 'invalid multibulk length'],
    ] as const) {
      const { network, client } = guest();
      client.send(bytes);
      network.runUntil(() => client.read() > 0 && client.end.atEnd);
      expect(client.bytes.toString()).toBe(`-ERR Protocol error: ${error}\r\n`);
    }
  });

  it('says what it has no memory for, and goes on', () => {
    const { ask } = guest({ ramBytes: 8 << 20 });
    const piece = 'x'.repeat(15_000);
    let fitting = 0;
    while (ask('SET', `piece${fitting}`, piece) === '+OK') fitting++;
    expect(fitting * piece.length).toBeGreaterThan(1.5e6);
    expect(ask('SET', 'one more', piece)).toMatch(/^-OOM /);
    expect(ask('STRLEN', 'piece0')).toBe(`:${piece.length}`);
    expect(ask('FLUSHALL')).toBe('+OK');
    const big = 'x'.repeat(500_000);
    expect(ask('SET', 'big', big)).toBe('+OK');
    expect(ask('STRLEN', 'big')).toBe(`:${big.length}`);
  });

  it('waits for a client that does not take its answers, and serves the others', () => {
    const { network, ask } = guest();
    ask('SET', 'big', 'x'.repeat(100_000));
    const slow = network.connect(REDIS, { bufferBytes: 3000 });
    const requests = Array.from({ length: 30 }, () => request('GET', 'big'));
    slow.send(Buffer.concat(requests));
    network.pass(3e9);
    expect(ask('PING')).toBe('+PONG');
    expect(Number(/used_memory:(\d+)/.exec(ask('INFO'))![1])).toBeLessThan(1_000_000);
    const all = answers(network, slow, 2).map((each) => (each as Buffer).length);
    expect(all).toEqual([100_000, 100_000]);
  });
});

describe('the journal of the guest redis', () => {
  const restart = (disks: Map<number, Uint8Array>) => guest({ ...WITH_DISK, disks });

  it('brings every kind of key back, with its time to live', () => {
    const { network, ask } = guest(WITH_DISK);
    ask('SET', 's', 'text');
    ask('SET', 't', 'gone soon', 'PX', '500');
    ask('SET', 'u', 'stays', 'EX', '1000');
    ask('RPUSH', 'l', '1', '2', '3');
    ask('HSET', 'h', 'f', '1', 'g', '2');
    ask('SADD', 'set', 'm', 'n', 'o');
    ask('ZADD', 'z', '-7', 'm', '5', 'n');
    const popped = ask('SPOP', 'set');
    network.pass(1e9);
    for (let times = 0; times < 2; times++) {
      const again = restart(network.disks);
      expect(again.network.console).toMatch(/^redis: \d+ records in the journal, \d keys\n/);
      again.network.pass(600e6);
      expect(again.ask('MGET', 's', 't', 'u')).toBe('["text" nil "stays"]');
      expect(again.ask('TTL', 'u')).toMatch(/^:(9\d\d|1000)$/);
      expect(again.ask('LRANGE', 'l', '0', '-1')).toBe('["1" "2" "3"]');
      expect(again.ask('HMGET', 'h', 'f', 'g')).toBe('["1" "2"]');
      expect(again.ask('SISMEMBER', 'set', JSON.parse(popped))).toBe(':0');
      expect(again.ask('SCARD', 'set')).toBe(':2');
      expect(again.ask('ZRANGE', 'z', '0', '-1', 'WITHSCORES')).toBe('["m" "-7" "n" "5"]');
    }
  });

  it('is written anew when it is full, and refuses what the disk has no room for', () => {
    const { network, ask } = guest(WITH_DISK);
    for (let i = 0; i < 400; i++) expect(ask('SET', `key${i % 10}`, `${i} of many`)).toBe('+OK');
    const piece = 'x'.repeat(4000);
    const said = ['a', 'b', 'c', 'd', 'e'].map((name) => ask('SET', name, piece));
    const refused = said.findIndex((each) => each !== '+OK');
    expect(refused).toBeGreaterThan(1);
    expect(said.slice(refused).every((each) => each.startsWith('-MISCONF'))).toBe(true);
    expect(ask('GET', 'key3')).toBe('"393 of many"');
    const again = restart(network.disks);
    expect(again.ask('GET', 'key3')).toBe('"393 of many"');
    expect(again.ask('DBSIZE')).toBe(`:${10 + refused}`);
  });

  it('holds all that was answered, wherever the power fails', () => {
    const property = fc.property(
      fc.integer(),
      fc.integer({ min: 1, max: 40e6 }),
      (seed, afterNs) => {
        const network = new GuestNetwork('redis', { ...WITH_DISK, seed, weather: FAIR });
        const client = network.connect(REDIS);
        const total = 300;
        const all = Array.from({ length: total }, () => request('INCR', 'n'));
        client.send(Buffer.concat(all));
        const end = network.nowNs + afterNs;
        network.runUntil(() => client.read() >= 0 && network.nowNs >= end);
        const answered = parseAnswers(client.bytes).length;
        const { ask } = restart(network.disksAfterPowerCut());
        const n = Number(JSON.parse(ask('INCRBY', 'n', '0').slice(1)));
        expect(n).toBeGreaterThanOrEqual(answered);
        expect(n).toBeLessThanOrEqual(total);
      },
    );
    fc.assert(property, { numRuns: runs(3) });
  });
});
