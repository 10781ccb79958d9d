/** Metrics and health over HTTP, of each kind of process; docs/metrics.md lists them all. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { METRICS } from '../../src/host/metrics-table.ts';
import { guestImage } from '../support/guest-image.ts';
import { freePorts } from '../support/ports.ts';
import { Parts, until } from './support.ts';

const SECTORS = 8192;

const parts = Parts.forEachTest();

async function get(port: number, path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, text: await response.text() };
}

/** The samples of the text format: values by name and labels as they are written. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.replace(/ \S+$/, ''), Number(line.split(' ').at(-1))]));
}

describe('metrics', () => {
  it('tell how each process stands, and whether it is of use', async () => {
    const [a, g, d, s, b] = (await freePorts(5)) as [number, number, number, number, number];
    writeFileSync(parts.at('image'), guestImage('redis'));
    writeFileSync(parts.at('disk.img'), new Uint8Array(SECTORS * 512));
    parts.configure({
      machine: 'kv "1"',
      disks: [{ file: 'disk.img', sectors: SECTORS }],
      publish: [{ port: (await freePorts(1))[0]!, guestPort: 6379 }],
      hosts: [{ name: 'alpha', address: `127.0.0.1:${b}` }],
    });
    parts.start('gateway', ['gateway', '--metrics', `${g}`]);
    await until('the gateway is there', () => parts.status('gateway'));
    expect((await get(g, '/healthz')).status).toBe(503);
    parts.start('disk', ['disk', '--metrics', `127.0.0.1:${d}`]);
    parts.start('alpha', ['host', 'alpha', '--cold-start', '--metrics', `${a}`]);
    await until('the gateway serves', async () => (await get(g, '/healthz')).status === 200);
    await until(
      'the disk was read',
      async () => (await parts.status<{ reads: number }>('disk'))?.reads,
    );
    expect(await get(a, '/healthz')).toEqual({
      status: 200,
      text: '{"healthy":true,"role":"alone","generation":1}\n',
    });
    const labels = 'machine="kv \\"1\\"",part="alpha"';
    const host = samplesOf((await get(a, '/metrics')).text);
    expect(host.get(`vmft_role{role="alone",${labels}}`)).toBe(1);
    expect(host.get(`vmft_role{role="primary",${labels}}`)).toBe(0);
    expect(host.get(`vmft_generation{${labels}}`)).toBe(1);
    expect(host.get(`vmft_instructions_total{${labels}}`)).toBeGreaterThan(1000);
    expect(host.get(`vmft_gateway_up{${labels}}`)).toBe(1);
    const gateway = samplesOf((await get(g, '/metrics')).text);
    expect([...gateway].find(([name]) => name.startsWith('vmft_linked'))?.[1]).toBe(1);
    const disk = samplesOf((await get(d, '/metrics')).text);
    const reads = [...disk].find(([name]) => name.includes('operation="read"'));
    expect(reads?.[1]).toBeGreaterThan(0);
    expect((await get(g, '/')).status).toBe(404);
    parts.start('supervisor', ['supervisor', '--metrics', `${s}`]);
    await until('the supervisor is there', () => parts.status('supervisor'));
    const supervisor = samplesOf((await get(s, '/metrics')).text);
    const names = [host, gateway, disk, supervisor].flatMap((samples) => [...samples.keys()]);
    const told = new Set(names.map((name) => name.replace(/\{.*/, '')));
    // A kind of refusal is told from the first one on; the rest where there is a TAP interface.
    expect(METRICS.filter(({ name }) => !told.has(name)).map(({ name }) => name)).toEqual([
      'vmft_refusals_total',
      'vmft_tap_up',
      'vmft_tap_frames_total',
    ]);
  });

  it('tell what goes over a TAP interface, of a gateway that has one', () => {
    const tap = { attached: true, framesIn: 3, framesOut: 2, framesIgnored: 1 };
    const told = METRICS.map(({ name, read }) => [name, read({ tap })] as const);
    expect(told.filter(([, values]) => values !== undefined)).toEqual([
      ['vmft_tap_up', { '': 1 }],
      ['vmft_tap_frames_total', { in: 3, out: 2, ignored: 1 }],
    ]);
  });

  it('are in the table of docs/metrics.md, each once', () => {
    const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
    const rows = METRICS.map(({ name, kind, label, help }) => {
      const labelled = label === undefined ? name : `${name}{${label}}`;
      return `| \`${labelled}\` | ${kind} | ${help} |`;
    });
    expect(page.split('\n').filter((line) => line.startsWith('| `'))).toEqual(rows);
  });
});
