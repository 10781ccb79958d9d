/**
 * Metrics of a process for Prometheus, on a port of their own that is off unless somebody asks for
 * it: GET /metrics in the text format, GET /healthz as JSON, status 200 if the process does its
 * work and 503 while it cannot. Whoever can reach the port can read it; nothing can be changed.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Registry } from 'prom-client';
import { cannotListen } from './host-address.ts';
import { METRICS, type Measured, type Metric } from './metrics-table.ts';
import type { HostPort } from './secure-socket.ts';

/** What a process exposes. */
export interface MetricsOptions {
  readonly place: HostPort;
  readonly part: string;
  readonly machine: string;
  /** What the process says of itself now. */
  readonly read: () => Measured;
}

/** Begins to listen; VmftError 'environment' where that cannot be. */
export async function serveMetrics(options: MetricsOptions): Promise<Server> {
  const { place, read } = options;
  const registry = await makeRegistry(options);
  const server = createServer(answerWith(registry, read));
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(place.port, place.host, done);
  }).catch((error: unknown) => {
    throw cannotListen('TCP', place, error, 'give another port to --metrics');
  });
  return server;
}

const answerWith =
  (registry: Registry, read: () => Measured): RequestListener =>
  async ({ method, url }, response) => {
    const reply = (status: number, type: string, text: string): void => {
      response.writeHead(status, { 'content-type': type }).end(text);
    };
    if (method !== 'GET') reply(405, 'text/plain', 'GET only\n');
    else if (url === '/metrics') reply(200, registry.contentType, await registry.metrics());
    else if (url === '/healthz') {
      const { healthy, ...health } = healthOf(read());
      reply(healthy ? 200 : 503, 'application/json', `${JSON.stringify({ healthy, ...health })}\n`);
    } else reply(404, 'text/plain', 'there are /metrics and /healthz\n');
  };

/** Of no use are a gateway that hears no replica, or has lost its LAN, and a halted replica. */
function healthOf({ role, generation, linked, tap }: Measured) {
  if (linked !== undefined) return { healthy: linked && (tap?.attached ?? true) };
  return { healthy: role !== 'halted', ...(role === undefined ? {} : { role, generation }) };
}

async function makeRegistry({ part, machine, read }: MetricsOptions): Promise<Registry> {
  const { Counter, Gauge, Registry } = await import('prom-client');
  const registry = new Registry();
  registry.setDefaultLabels({ machine, part });
  const measured = read();
  for (const metric of METRICS) {
    if (metric.read(measured) === undefined) continue;
    const { name, help, label } = metric;
    const labelNames = label === undefined ? [] : [label];
    const common = { name, help, labelNames, registers: [registry] };
    if (metric.kind === 'gauge') {
      const gauge = new Gauge({
        ...common,
        collect: () => collect(metric, read, (labels, value) => gauge.set(labels, value)),
      });
    } else {
      const counter = new Counter({
        ...common,
        collect: () => {
          counter.reset();
          collect(metric, read, (labels, value) => counter.inc(labels, value));
        },
      });
    }
  }
  return registry;
}

function collect(
  { label, read: valuesOf }: Metric,
  read: () => Measured,
  take: (labels: Record<string, string>, value: number) => void,
): void {
  for (const [value, number] of Object.entries(valuesOf(read()) ?? {}))
    take(label === undefined ? {} : { [label]: value }, number);
}
