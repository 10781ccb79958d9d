/** The process of the disk server. */
import { join } from 'node:path';
import { VmftError } from '../base/errors.ts';
import { generationOf } from '../ft/ports.ts';
import { DiskFence } from './disk-fence.ts';
import { DiskFile } from './disk-file.ts';
import { MAX_DISK_MESSAGE_BYTES } from './disk-messages.ts';
import { DiskServer } from './disk-server.ts';
import { type GroupConfig, readKey } from './group-config.ts';
import type { Log } from './log.ts';
import { Part } from './part.ts';
import { listenForReplicas } from './replica-listener.ts';
import { removeSocket } from './secure-socket.ts';

/** The name of the process, and of its files. */
export const DISK = 'disk';

/** Serves the disks of a machine until it is told to end; settles when it listens. */
export async function runDiskServer(config: GroupConfig, log: Log): Promise<void> {
  const { machine, folder } = config;
  const disks = config.disks.map(({ file, sectors }) => {
    const disk = new DiskFile(file);
    if (disk.sectors === sectors) return disk;
    throw new VmftError('input', `disk ${file}: ${disk.sectors} sectors, expected ${sectors}`);
  });
  const fence = new DiskFence(join(folder, 'fence'), machine);
  log.generation = generationOf(fence.token);
  const server = new DiskServer({ machine, fence, disks, log });
  const end = (): void => {
    part.end();
    listener.close();
    log.info('ends');
    process.exit();
  };
  const part = await Part.begin({
    config,
    name: DISK,
    status: () => ({
      fence: server.fence,
      hosts: server.hosts,
      ...server.counts,
      refused: log.refused,
      refusals: log.refusals,
    }),
    onEnd: end,
  });
  removeSocket(config.disk);
  const listener = await listenForReplicas(server, {
    address: config.disk,
    key: readKey(config),
    maxBytes: MAX_DISK_MESSAGE_BYTES,
  });
  log.info(`serves ${disks.length} disks, fence at ${server.fence}`);
}
