/** `vmft gateway`: the way of real clients to a protected machine. */
import { Command } from 'commander';
import { listeningAt } from '../host/group-config.ts';
import { GATEWAY } from '../host/part.ts';
import { tapOption } from './arguments.ts';
import { logFormatOption, metricsOption, type ServeOptions, serve } from './serve.ts';

interface GatewayOptions extends ServeOptions {
  readonly pcap?: string;
  readonly tap?: string;
}

/** Defines `vmft gateway`. */
export function gatewayCommand(): Command {
  return new Command('gateway')
    .description('carry the network of a protected machine, whichever replica runs it')
    .requiredOption('--config <FILE>', 'configuration of the machine, YAML or JSON')
    .option('--listen <ADDRESS>', 'listen there, and not at the address of the configuration')
    .addOption(logFormatOption())
    .addOption(metricsOption())
    .addOption(tapOption())
    .option('--pcap <FILE>', 'capture what the guest’s wire carries, for tcpdump and Wireshark')
    .addHelpText(
      'after',
      `
Examples:
  vmft gateway --config machine.json
  vmft gateway --config machine.json --pcap wire.pcap
  vmft gateway --config machine.json --tap tap0`,
    )
    .action(async (options: GatewayOptions) => {
      const { listen, pcap, tap } = options;
      const { runGateway } = await import('../host/gateway-process.ts');
      await serve(GATEWAY, options, (config, log) =>
        runGateway(listeningAt(config, GATEWAY, listen), log, { pcap, tap }),
      );
    });
}
