/** Real etcd servers for tests, on loopback, each in a folder and on ports of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { get as httpGet } from 'node:http';
import { get as httpsGet } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './ports.ts';

/** A member of a cluster; it can be killed and started again with what it had stored. */
export interface EtcdNode {
  readonly url: string;
  start(): Promise<void>;
  kill(): Promise<void>;
}

export interface EtcdCluster {
  readonly nodes: readonly EtcdNode[];
  /** The `--arbiter` that names all members. */
  readonly spec: string;
  /** Kills all members and removes what they stored. */
  stop(): Promise<void>;
}

/** Files for servers that speak TLS only. */
export interface EtcdTls {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate for 127.0.0.1, signed by itself, and its key; made in `folder` by openssl. */
export function makeTls(folder: string): EtcdTls {
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const names = ['-subj', '/CN=etcd', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const files = ['-keyout', key, '-out', certificate];
  execFileSync('openssl', ['req', '-x509', '-nodes', ...curve, ...names, ...files], {
    stdio: 'ignore',
  });
  return { certificate, key };
}

/** Has a cluster that speaks TLS ask for the password of `root`. */
export function askForPassword(cluster: EtcdCluster, tls: EtcdTls, password: string): void {
  const flags = [`--endpoints=${cluster.nodes[0]!.url}`, `--cacert=${tls.certificate}`];
  for (const command of [`user add root:${password}`, 'user grant-role root root', 'auth enable'])
    execFileSync('etcdctl', [...flags, ...command.split(' ')], {
      env: { ...process.env, ETCDCTL_API: '3' },
    });
}

/** Starts a cluster of `size` members and waits until each answers. */
export async function startEtcd(size: number, tls?: EtcdTls): Promise<EtcdCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'vmft-etcd-'));
  const ports = await freePorts(2 * size);
  const scheme = tls ? 'https' : 'http';
  const url = (index: number): string => `${scheme}://127.0.0.1:${ports[index]}`;
  const peer = (index: number): string => `http://127.0.0.1:${ports[size + index]}`;
  const cluster = Array.from({ length: size }, (_, i) => `n${i}=${peer(i)}`).join(',');
  const secure = tls ? [`--cert-file=${tls.certificate}`, `--key-file=${tls.key}`] : [];
  const nodes = Array.from({ length: size }, (_, i) =>
    etcdNode(url(i), [
      `--name=n${i}`,
      `--data-dir=${folder}/n${i}`,
      `--listen-client-urls=${url(i)}`,
      `--advertise-client-urls=${url(i)}`,
      `--listen-peer-urls=${peer(i)}`,
      `--initial-advertise-peer-urls=${peer(i)}`,
      `--initial-cluster=${cluster}`,
      '--heartbeat-interval=50',
      '--election-timeout=250',
      '--logger=zap',
      ...secure,
    ]),
  );
  await Promise.all(nodes.map((node) => node.start()));
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.kill()));
    rmSync(folder, { recursive: true });
  };
  return { nodes, spec: `etcd:${nodes.map((node) => node.url).join(',')}`, stop };
}

function etcdNode(url: string, flags: readonly string[]): EtcdNode {
  let process: ChildProcess | undefined;
  return {
    url,
    async start() {
      process = spawn('etcd', flags, { stdio: 'ignore' });
      while (!(await isHealthy(url))) {
        if (process.exitCode !== null) throw new Error(`etcd ended with ${process.exitCode}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async kill() {
      if (!process || process.exitCode !== null || process.signalCode !== null) return;
      const ended = new Promise((resolve) => process?.once('exit', resolve));
      process.kill('SIGKILL');
      await ended;
    },
  };
}

/** Whether a member has found a leader. Asked with any certificate: it is only asked for health. */
function isHealthy(url: string): Promise<boolean> {
  const request = url.startsWith('https:') ? httpsGet : httpGet;
  return new Promise((resolve) => {
    request(`${url}/health`, { rejectUnauthorized: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(text.includes('"health":"true"')));
    }).on('error', () => resolve(false));
  });
}
