/**
 * `npm run bench:real [latency throughput log stall]`: what protection costs clients, on real
 * processes of this computer. Wants an idle computer with redis-benchmark. What is compared is
 * measured in turns, and of each the best round counts: other programs only ever make it worse.
 */
import { arch, cpus, platform } from 'node:os';
import { median, printTable } from './measure.mjs';
import { guestOnOneHost, pause, protectGuest, runGuest } from './real/machines.mjs';
import { benchmark, Counter } from './real/redis.mjs';
import { Echo } from './real/round-trip.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 9);
const CONNECTIONS = 50;
const PINGS = 2000;
const INCRS = 10_000;
const IDLE_MS = 5000;
const FAILOVERS = Number(process.env.FAILOVERS ?? 100);

/** When a machine that is loaded is asked for the round trip of its channel, in ms. */
const ASK_MS = 300;

/**
 * Longest added latency beyond a round trip of the channel, and least throughput. The round trip is
 * that of the machine itself, from a batch to its acknowledgement, while it answers; and that of
 * two processes that do nothing else, each as long after the last one as a PING takes (who has
 * slept answers later), and back to back.
 */
const ALLOWED_US = 50;
const LEAST_RATIO = 0.8;
const LONGEST_STALL_MS = 500;

const micro = (ms) => `${(ms * 1000).toFixed(0)} µs`;
const mbits = (bytes, ms) => `${((bytes * 8) / ms / 1000).toFixed(2)} Mbit/s`;
const verdict = (holds) => (holds ? 'holds' : 'missed');

async function rounds(measure) {
  await measure();
  const all = [];
  for (let round = 0; round < ROUNDS; round++) all.push(await measure());
  return all;
}

/** The median latency of PING on one connection. */
async function latency() {
  const machine = await protectGuest();
  const ends = [await runGuest(), await guestOnOneHost(), machine];
  const echo = await Echo.begin();
  const ping = async ({ port }) => (await benchmark(port, 1, PINGS, 'ping_mbulk')).p50;
  const all = await rounds(async () => {
    const pings = [await ping(ends[0]), await ping(ends[1])];
    const load = ping(machine);
    await pause(ASK_MS);
    const { roundTripMs } = await machine.primary();
    pings.push(await load);
    const idle = [await echo.measure(PINGS, pings.at(-1)), await echo.measure(PINGS)];
    return [...pings, roundTripMs, ...idle];
  });
  const best = [0, 1, 2, 3, 4, 5].map((n) => Math.min(...all.map((round) => round[n])));
  const [run, host, both, ...trips] = best;
  const beyond = (base, trip) => {
    const ms = both - base - trip;
    return `${micro(ms)}: ${verdict(ms * 1000 <= ALLOWED_US)}`;
  };
  const added = (base) => [micro(both - base), ...trips.map((trip) => beyond(base, trip))];
  printTable(`PING on one connection, the best of ${ROUNDS} rounds of ${PINGS}`, [
    [
      `wanted: at most ${ALLOWED_US} µs beyond a round trip`,
      '',
      'added by',
      'beyond a trip',
      'idle processes,',
      'idle processes,',
    ],
    ['', 'p50', 'protection', 'of its own', 'at that pace', 'back to back'],
    ['vmft run, one process', micro(run), ...added(run)],
    ['one host behind a gateway', micro(host), ...added(host)],
    ['protected', micro(both), '', '', '', ''],
    ['round trip of the channel', '', '', ...trips.map(micro)],
  ]);
  for (const end of [...ends, echo]) await end.end();
}

/**
 * INCR with 50 connections: protected, beside two copies that serve the same load each; such a copy
 * is one process, or a host and a gateway as where it is protected.
 */
async function throughput() {
  const copies = [await runGuest(), await runGuest()];
  const pairs = [await guestOnOneHost(), await guestOnOneHost()];
  const machine = await protectGuest();
  const load = async ({ port }) => (await benchmark(port, CONNECTIONS, INCRS, 'incr')).rps;
  const loadBoth = async (ends) => (await Promise.all(ends.map(load))).reduce((a, b) => a + b) / 2;
  const all = await rounds(async () => [
    await loadBoth(copies),
    await loadBoth(pairs),
    await load(machine),
  ]);
  const [copy, pair, own] = [0, 1, 2].map((n) => Math.max(...all.map((round) => round[n])));
  const row = (name, rps) => {
    return [name, rps.toFixed(0), (own / rps).toFixed(2), verdict(own / rps >= LEAST_RATIO)];
  };
  printTable(`INCR with ${CONNECTIONS} connections, the best of ${ROUNDS} rounds of ${INCRS}`, [
    ['guest', 'requests/s', 'protected is', `at least ${LEAST_RATIO}`],
    row('one of two at once, one process each', copy),
    row('one of two at once, each behind a gateway', pair),
    ['protected', own.toFixed(0), '', ''],
  ]);
  for (const end of [...copies, ...pairs, machine]) await end.end();
}

/** Bytes of the log, loaded and idle. */
async function log() {
  const machine = await protectGuest();
  const during = async (work) => {
    const [before, began] = [await machine.primary(), performance.now()];
    await work();
    const ms = performance.now() - began;
    return { bytes: (await machine.primary()).channel.sentBytes - before.channel.sentBytes, ms };
  };
  const loaded = await during(() => benchmark(machine.port, CONNECTIONS, INCRS, 'incr'));
  const idle = await during(() => pause(IDLE_MS));
  printTable('The log', [
    ['guest', 'bandwidth', 'bytes a request'],
    [
      `INCR, ${CONNECTIONS} connections`,
      mbits(loaded.bytes, loaded.ms),
      (loaded.bytes / INCRS).toFixed(0),
    ],
    ['idle', mbits(idle.bytes, idle.ms), ''],
  ]);
  await machine.end();
}

/** How long a client that counts waits when the primary is killed, and while nothing dies. */
async function stall() {
  const machine = await protectGuest();
  const counter = new Counter(machine.port);
  const [deaths, between] = [[], []];
  for (let death = 0; death < FAILOVERS; death++) {
    await machine.primary();
    await pause(300);
    between.push(counter.takeLongestMs());
    const { count } = counter;
    await machine.hurt('kill');
    while (counter.count < count + 10) await pause(5);
    deaths.push(counter.takeLongestMs());
  }
  const row = (name, all) => {
    const worst = Math.max(...all);
    const held = verdict(worst <= LONGEST_STALL_MS);
    return [name, median(all).toFixed(0), worst.toFixed(0), held];
  };
  printTable(`Longest wait for an answer at ${FAILOVERS} deaths of the primary (SIGKILL)`, [
    ['when', 'median, ms', 'worst, ms', `worst ≤ ${LONGEST_STALL_MS} ms`],
    ['at the death', ...row('', deaths).slice(1)],
    ['afterwards, protected again', ...row('', between.slice(1)).slice(1)],
  ]);
  counter.end();
  await machine.end();
}

const BENCHES = { latency, throughput, log, stall };

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0) {
  console.error(`bench:real: no ${unknown}; there are ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}

console.log(`Node ${process.version}, ${platform()} ${arch()}, ${cpus()[0]?.model}`);
for (const [name, bench] of Object.entries(BENCHES)) {
  if (asked.length === 0 || asked.includes(name)) await bench();
}
