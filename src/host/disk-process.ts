/** The process of the disk server. */
import { join } from 'node:path';
import { generationOf } from '../ft/ports.ts';
import { checkDisks } from './disk-check.ts';
import { DiskFence } from './disk-fence.ts';
import { openDisks } from './disk-files.ts';
import { MAX_DISK_MESSAGE_BYTES } from './disk-messages.ts';
import { DiskServer } from './disk-server.ts';
import type { DiskStore } from './disk-store.ts';
import { reasonOf } from './files.ts';
import { type GroupConfig, readKey } from './group-config.ts';
import { makeHasher } from './hasher.ts';
import type { Log } from './log.ts';
import { DISK, Part } from './part.ts';
import { listenForReplicas } from './replica-listener.ts';
import { removeSocket } from './secure-socket.ts';

/** Serves the disks of a machine until it is told to end; settles when it listens. */
export async function runDiskServer(config: GroupConfig, log: Log): Promise<void> {
  const { machine, folder } = config;
  const [hasher, key] = [await makeHasher(), readKey(config)];
  const fence = new DiskFence(join(folder, 'fence'), machine);
  log.generation = generationOf(fence.token);
  // Nobody else must have the disks from here on.
  const part = Part.claim(config, DISK);
  const store = openDisks(config, hasher, (news) => log.warn(news));
  const server = new DiskServer({ machine, fence, store, log });
  removeSocket(config.disk);
  const maxBytes = MAX_DISK_MESSAGE_BYTES;
  const listener = await listenForReplicas(server, { address: config.disk, key, maxBytes });
  await part.serve({
    status: () => describe(server, fence, log),
    answer: ({ ask }) => (ask === 'check' ? checkDisks(store) : undefined),
    onEnd: () => {
      part.end();
      listener.close();
      end(store, log);
    },
  });
  log.info(`serves ${config.disks.length} disks, fence at ${server.fence}`);
}

const describe = ({ hosts, counts }: DiskServer, { token }: DiskFence, log: Log) => ({
  fence: token,
  hosts,
  ...counts,
  refused: log.refused,
  refusals: log.refusals,
});

function end(store: DiskStore, log: Log): void {
  try {
    store.close();
  } catch (error) {
    log.error(`the disks cannot be closed: ${reasonOf(error)}; the journal has what they lack`);
  }
  log.info('ends');
  process.exit();
}
