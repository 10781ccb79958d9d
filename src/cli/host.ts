/** `vmft host`: one replica of a protected machine. */
import { Command } from 'commander';
import { readGroupConfig } from './group-file.ts';

/** Defines `vmft host`. */
export function hostCommand(): Command {
  return new Command('host')
    .description('run one replica of a protected machine')
    .argument('NAME', 'which host of the configuration this is')
    .requiredOption('--config <FILE>', 'configuration of the machine, YAML or JSON')
    .option('--cold-start', 'the machine begins: the first host is its primary, the second backup')
    .addHelpText(
      'after',
      `
Examples:
  vmft host alpha --config machine.json --cold-start
  vmft host gamma --config machine.json`,
    )
    .action(async (name: string, options: { config: string; coldStart?: boolean }) => {
      const { runReplica } = await import('../host/replica-process.ts');
      await runReplica(readGroupConfig(options.config), name, options.coldStart ?? false);
    });
}
