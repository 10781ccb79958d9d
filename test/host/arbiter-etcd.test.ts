/** The arbiter in etcd, against real servers: one, three, one of three killed, quorum lost. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Arbiter, type ArbiterOptions, openArbiter } from '../../src/host/arbiter.ts';
import { askForPassword, type EtcdCluster, makeTls, startEtcd } from '../support/etcd.ts';
import { isLong } from '../support/runs.ts';
import { describeWithTool } from '../support/tools.ts';
import { PATIENCE_MS } from './support.ts';

const claimOf = (owner: string, generation = 1) => ({ machine: 'm', generation, owner });

let cluster: EtcdCluster | undefined;
let troubles: string[] = [];
const arbiters: Arbiter[] = [];
function open(spec: string, timeoutMs = PATIENCE_MS): Arbiter {
  const arbiter = openArbiter(spec, (trouble) => troubles.push(trouble), { timeoutMs });
  arbiters.push(arbiter);
  return arbiter;
}

afterEach(async () => {
  for (const arbiter of arbiters.splice(0)) arbiter.close();
  await cluster?.stop();
  cluster = undefined;
  troubles = [];
});

/** Asks until there is an answer: what a replica does (protocol.md §4 rule 6). */
async function insist(arbiter: Arbiter, owner: string, generation: number): Promise<string> {
  for (;;) {
    const answer = await arbiter.claim(claimOf(owner, generation));
    if (answer !== 'unknown') return answer;
  }
}

describeWithTool('etcd', 'an arbiter in etcd', () => {
  it('grants a generation once, for good, and tells the winner again', async () => {
    cluster = await startEtcd(1);
    const arbiter = open(cluster.spec);
    expect(await arbiter.ownerOf('m', 1)).toEqual({ owner: undefined });
    expect(await arbiter.claim(claimOf('alpha.1'))).toBe('won');
    expect(await arbiter.claim(claimOf('beta.1'))).toBe('lost');
    expect(await arbiter.claim(claimOf('alpha.1'))).toBe('won');
    expect(await arbiter.ownerOf('m', 1)).toEqual({ owner: 'alpha.1' });
    await cluster.nodes[0]!.kill();
    expect(await arbiter.claim(claimOf('beta.1', 2))).toBe('unknown');
    await cluster.nodes[0]!.start();
    expect(await insist(arbiter, 'beta.1', 1)).toBe('lost');
  });

  it('has one winner for each generation while a member of three is killed', async () => {
    cluster = await startEtcd(3);
    const { spec, nodes } = cluster;
    const owners = ['alpha.1', 'beta.1', 'gamma.1'];
    const wins: string[][] = [];
    const contend = owners.map(async (owner) => {
      const arbiter = open(spec);
      for (let generation = 1; generation <= 30; generation++) {
        if ((await insist(arbiter, owner, generation)) !== 'won') continue;
        wins[generation] = [...(wins[generation] ?? []), owner];
        if (generation === 10) await nodes[0]!.kill();
      }
    });
    await Promise.all(contend);
    for (let generation = 1; generation <= 30; generation++) {
      expect(wins[generation], `generation ${generation}`).toHaveLength(1);
      const answer = await open(spec).ownerOf('m', generation);
      expect(answer).toEqual({ owner: wins[generation]![0] });
    }
    expect(troubles.some((trouble) => trouble.includes('nobody listens there'))).toBe(true);
  });

  if (isLong) {
    it('grants nothing while quorum is lost, and goes on when it is back', async () => {
      cluster = await startEtcd(3);
      const arbiter = open(cluster.spec, 300);
      await cluster.nodes[0]!.kill();
      await cluster.nodes[1]!.kill();
      expect(await arbiter.claim(claimOf('alpha.1'))).toBe('unknown');
      expect(await arbiter.ownerOf('m', 1)).toBe('unknown');
      expect(troubles).not.toEqual([]);
      const claiming = insist(arbiter, 'alpha.1', 1);
      await cluster.nodes[0]!.start();
      expect(await claiming).toBe('won');
    });
  }
});

describeWithTool(
  ['etcd', 'etcdctl', 'openssl'],
  'an arbiter in etcd behind TLS and a password',
  () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'vmft-etcd-tls-'));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    it('answers those who know the password and the authority, and nobody else', async () => {
      const tls = makeTls(folder);
      cluster = await startEtcd(1, tls);
      askForPassword(cluster, tls, 'se:cret');
      const ca = readFileSync(tls.certificate, 'utf8');
      const ask = (options: ArbiterOptions): Promise<string> => {
        const patient = { timeoutMs: PATIENCE_MS, ...options };
        const arbiter = openArbiter(cluster!.spec, (trouble) => troubles.push(trouble), patient);
        arbiters.push(arbiter);
        return arbiter.claim(claimOf('alpha.1'));
      };
      expect(await ask({ user: 'root:se:cret' }), 'an unknown authority').toBe('unknown');
      expect(await ask({ ca }), 'no user').toBe('unknown');
      expect(await ask({ ca, user: 'root:wrong' }), 'a wrong password').toBe('unknown');
      expect(troubles).toHaveLength(3);
      expect(await ask({ ca, user: 'root:se:cret' })).toBe('won');
    });
  },
);

describe('an arbiter that is not etcd', () => {
  let server: Server;
  afterEach(() => server.close());

  it.each([
    ['prose', 200, 'hello'],
    ['a number', 200, '7'],
    ['an error', 503, '{"error":"no leader"}'],
    ['no end', 200, 'x'.repeat(100_000)],
    ['a transaction without its key', 200, '{"responses":[{}]}'],
  ])('that answers %s is "unknown", and nothing is won', async (_what, status, text) => {
    server = createServer((_request, response) => response.writeHead(status).end(text));
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    );
    expect(await open(`etcd:http://127.0.0.1:${port}`).claim(claimOf('alpha.1'))).toBe('unknown');
  });

  it('that says nothing is "unknown" when its time is over', async () => {
    server = createServer(() => undefined);
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    );
    const arbiter = open(`etcd:http://127.0.0.1:${port}`, 50);
    expect(await arbiter.claim(claimOf('alpha.1'))).toBe('unknown');
    expect(troubles).toEqual([`arbiter http://127.0.0.1:${port}: no answer in 50 ms`]);
    server.closeAllConnections();
  });
});
