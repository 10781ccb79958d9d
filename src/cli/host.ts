/** `vmft host`: one replica of a protected machine. */
import { Command } from 'commander';
import { listeningAt } from '../host/group-config.ts';
import { logFormatOption, metricsOption, type ServeOptions, serve } from './serve.ts';

interface HostOptions extends ServeOptions {
  readonly coldStart?: boolean;
}

/** Defines `vmft host`. */
export function hostCommand(): Command {
  return new Command('host')
    .description('run one replica of a protected machine')
    .argument('NAME', 'which host of the configuration this is')
    .requiredOption('--config <FILE>', 'configuration of the machine, YAML or JSON')
    .option('--listen <HOST:PORT>', 'listen there, and not at the address of the configuration')
    .addOption(logFormatOption())
    .addOption(metricsOption())
    .option('--cold-start', 'the machine begins: the first host is its primary, the second backup')
    .addHelpText(
      'after',
      `
Examples:
  vmft host alpha --config machine.json --cold-start
  vmft host gamma --config machine.yaml --listen 0.0.0.0:7100`,
    )
    .action(async (name: string, options: HostOptions) => {
      const { listen, coldStart = false } = options;
      const { runReplica } = await import('../host/replica-process.ts');
      await serve(name, options, (config, log) =>
        runReplica(listeningAt(config, { host: name }, listen), log, name, coldStart),
      );
    });
}
