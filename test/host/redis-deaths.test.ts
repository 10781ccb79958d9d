/**
 * Clients that do not notice: redis-cli counts on one connection, redis-benchmark on fifty, while
 * what carries their server is killed, suspended and cut off, again and again. Every answer must be
 * the next number, and the last number that of all requests.
 *
 * VMFT_FAILURE_TIMEOUT sets the time-out, which is long otherwise: a slow computer must not look
 * like a dead one. With VMFT_TABLE the longest waits are printed.
 */
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type Harm, hurt, type Victim } from '../../src/host/machine-control.ts';
import { openMachine } from '../../src/host/machine-folder.ts';
import { isLive } from '../../src/host/machine-status.ts';
import { isLong, runsByLength } from '../support/runs.ts';
import { describeWithTool } from '../support/tools.ts';
import { Protected } from './protected.ts';
import { BenchmarkClient, CountingClient, redisCli } from './redis-clients.ts';
import { until } from './support.ts';

/** The time-out where nobody waits for it, and where some deaths show by silence alone. */
const LONG = '10s';
const SHORT = '3s';

/** Bytes of the disk on which redis keeps its journal. */
const DISK_BYTES = 4 * 1024 * 1024;

/** Numbers counted after each death, before the next one. */
const COUNTS = 20;

const machine = Protected.forEachTest();
let launcher: ChildProcess;
let client: CountingClient;
let benchmark: BenchmarkClient | undefined;

afterEach(() => {
  client?.end();
  benchmark?.end();
  benchmark = undefined;
});

async function begin(timeout: string, ...more: string[]): Promise<void> {
  const timing = ['--failure-timeout', process.env.VMFT_FAILURE_TIMEOUT ?? timeout];
  launcher = machine.watch('redis', '6379/tcp', '--restart', ...timing, ...more).child;
  await machine.isProtected();
  client = new CountingClient(redisCli(machine.port));
}

const strike = (victim: Victim, harm: Harm = 'kill') =>
  hurt(openMachine(machine.dir), victim, harm);

/** The name of the replica on which the guest is live. */
const live = async () => (await machine.look())?.replicas.find(isLive)?.name;

/** The primary does not run for longer than the time-out; once it does again it must halt. */
async function suspend(): Promise<void> {
  const [name] = (await strike('primary', 'pause')).split(' ') as [string];
  const halts = () => machine.log(name).split(' halts: ').length;
  const before = halts();
  await until('another replica is live', async () => ![undefined, name].includes(await live()));
  const taken = client.count;
  await until('the other one answers', () => client.count > taken);
  await strike('primary', 'resume');
  await until('the suspended one halts', () => halts() > before);
}

/** Neither replica hears the other one: both ask who may go on. */
async function cut(): Promise<void> {
  await strike('link', 'pause');
  await machine.withRole('alone');
  await strike('link', 'resume');
}

/** No replica reaches the gateway, for a moment. */
async function cutOff(): Promise<void> {
  await strike('gateway-link', 'pause');
  const taken = client.count;
  await strike('gateway-link', 'resume');
  await until('the guest is reached again', () => client.count > taken);
}

/** What may happen to a machine, and leaves its clients alone. */
const DEATHS = {
  'primary killed': () => strike('primary'),
  'backup killed': () => strike('backup'),
  'disk server killed': () => strike('disk'),
  'primary suspended, resumed': suspend,
  'channel cut': cut,
  'channel broken': () => strike('link'),
  'gateway link cut': cutOff,
  'gateway link broken': () => strike('gateway-link'),
};
type Death = keyof typeof DEATHS;

/** The longest waits for an answer, in ms, by death. */
type Waits = Map<Death, number[]>;

/** One death, once the machine is protected; settles when the client has counted on. */
async function die(death: Death, waits: Waits): Promise<void> {
  await machine.isProtected();
  client.takeLongestMs();
  await DEATHS[death]();
  const reached = client.count + COUNTS;
  await until('the client counts on', () => client.count >= reached);
  waits.set(death, [...(waits.get(death) ?? []), client.takeLongestMs()]);
}

function show(title: string, waits: Waits): void {
  if (!process.env.VMFT_TABLE) return;
  console.log(`${title}: death, times, longest wait for an answer in ms: median, worst`);
  for (const [death, all] of waits) {
    all.sort((a, b) => a - b);
    const [middle, worst] = [all[all.length >> 1]!, all.at(-1)!];
    console.log(`${death.padEnd(28)} ${all.length} ${middle.toFixed(0)} ${worst.toFixed(0)}`);
  }
  console.log(`answers: redis-cli ${client.count}, redis-benchmark ${benchmark?.requests ?? 0}`);
}

describeWithTool(['redis-cli', 'redis-benchmark'], 'a redis that is protected', () => {
  it('counts for all its clients while one primary after the other is killed', async () => {
    await begin(LONG);
    benchmark = new BenchmarkClient(machine.port, isLong ? 10_000 : 1000);
    const waits: Waits = new Map();
    const deaths = runsByLength(2, 20, 200);
    for (let death = 0; death < deaths; death++) await die('primary killed', waits);
    await benchmark.stop();
    show(`${deaths} deaths`, waits);
    expect(client.trouble).toEqual([]);
    expect(benchmark.trouble).toEqual([]);
    expect(benchmark.requests).toBeGreaterThan(0);
    expect(benchmark.counted()).toBe(benchmark.requests);
    expect((await machine.isProtected()).generation).toBeGreaterThan(deaths);
  });

  if (isLong) {
    it('counts on whatever dies or is cut off, and with nobody left to start it', async () => {
      const disk = join(machine.home, 'disk.img');
      writeFileSync(disk, new Uint8Array(DISK_BYTES));
      await begin(SHORT, '--disk', disk);
      const waits: Waits = new Map();
      for (let round = 0; round < runsByLength(1, 5, 25); round++) {
        for (const death of Object.keys(DEATHS) as Death[]) await die(death, waits);
      }
      await machine.isProtected();
      launcher.kill('SIGKILL');
      await strike('supervisor');
      await die('primary killed', waits);
      show('every kind', waits);
      expect(client.trouble).toEqual([]);
    });
  }
});
