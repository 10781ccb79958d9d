/**
 * A death on this computer, as a client sees it: a counter behind UDP is protected, asked, its
 * primary killed by SIGKILL, and asked again.
 */
import { createSocket, type Socket } from 'node:dgram';
import { freePort } from './free-port.ts';
import { hurt, pause } from './machine-control.ts';
import { statusOf } from './machine-status.ts';
import { type ProtectionSpec, protectGuest } from './protection.ts';

/** Datagrams may be lost, so a question is asked again after this time, in ms. */
const AGAIN_MS = 200;

/** Time between two looks at the machine, in ms. */
const LOOK_MS = 50;

/** Port of the guest, and questions before and after the death. */
const GUEST_PORT = 7;
const QUESTIONS = 2;

/**
 * Runs the demonstration and tells it line by line. `image` is a guest that answers "TAG inc" at
 * UDP port 7 with "TAG NUMBER". Settles when nothing is left of it; false if a number came twice.
 */
export async function demonstrate(
  spec: Pick<ProtectionSpec, 'program' | 'name' | 'image' | 'guest'>,
  tell: (line: string) => void,
): Promise<boolean> {
  const port = await freePort();
  const protection = await protectGuest({
    logFormat: 'text',
    ...spec,
    dir: undefined,
    supervised: false,
    replicas: 3,
    disks: [],
    publish: [{ host: '127.0.0.1', port, guestPort: GUEST_PORT, protocol: 'udp' }],
    settings: { failureTimeoutMs: 2000 },
  });
  const { config } = protection;
  const client = createSocket('udp4');
  const numbers: number[] = [];
  const ask = async (): Promise<void> => {
    for (let question = 0; question < QUESTIONS; question++) {
      numbers.push(await askNumber(client, port, `#${numbers.length}`));
      tell(`  client     inc → ${numbers.at(-1)}`);
    }
  };
  try {
    const { replicas } = await statusOf(config);
    for (const { name, role, pid } of replicas)
      tell(`  ${name.padEnd(10)} ${role}, process ${pid}`);
    await ask();
    tell(`  kill -9    ${await hurt(config, 'primary', 'kill')}`);
    await ask();
    let status = await statusOf(config);
    while (!status.replicas.some((replica) => replica.protected)) {
      await pause(LOOK_MS);
      status = await statusOf(config);
    }
    for (const { name, role, failovers = [] } of status.replicas) {
      const took = failovers.map(({ tookMs }) => `, live ${tookMs} ms after it knew`).join('');
      tell(`  ${name.padEnd(10)} ${role}${took}`);
    }
  } finally {
    client.close();
    await protection.stop();
  }
  return numbers.every((number, index) => index === 0 || number > numbers[index - 1]!);
}

/** Asks until the guest answers. */
async function askNumber(client: Socket, port: number, tag: string): Promise<number> {
  const send = (): void => client.send(`${tag} inc`, port, '127.0.0.1');
  const again = setInterval(send, AGAIN_MS);
  send();
  try {
    return await new Promise((done) => {
      client.on('message', (bytes) => {
        const [answered, number] = String(bytes).split(' ');
        if (answered === tag) done(Number(number));
      });
    });
  } finally {
    clearInterval(again);
    client.removeAllListeners('message');
  }
}
