/** `vmft disk`: the disk server of a protected machine. */
import { Command } from 'commander';
import { readConfig } from '../host/config-file.ts';
import { listeningAt } from '../host/group-config.ts';

/** Defines `vmft disk`. */
export function diskCommand(): Command {
  return new Command('disk')
    .description('serve the shared disks of a protected machine')
    .requiredOption('--config <FILE>', 'configuration of the machine, YAML or JSON')
    .option('--listen <ADDRESS>', 'listen there, and not at the address of the configuration')
    .addHelpText('after', '\nExample:\n  vmft disk --config machine.json')
    .action(async ({ config, listen }: { config: string; listen?: string }) => {
      const { runDiskServer } = await import('../host/disk-process.ts');
      await runDiskServer(listeningAt(readConfig(config), 'disk', listen));
    });
}
