/** `vmft gateway`: the way of real clients to a protected machine. */
import { Command } from 'commander';
import { readConfig } from '../host/config-file.ts';
import { listeningAt } from '../host/group-config.ts';

interface GatewayOptions {
  readonly config: string;
  readonly listen?: string;
  readonly pcap?: string;
}

/** Defines `vmft gateway`. */
export function gatewayCommand(): Command {
  return new Command('gateway')
    .description('publish the ports of a protected machine, whichever replica runs it')
    .requiredOption('--config <FILE>', 'configuration of the machine, YAML or JSON')
    .option('--listen <ADDRESS>', 'listen there, and not at the address of the configuration')
    .option('--pcap <FILE>', 'capture what the guest’s wire carries, for tcpdump and Wireshark')
    .addHelpText(
      'after',
      `
Examples:
  vmft gateway --config machine.json
  vmft gateway --config machine.json --pcap wire.pcap`,
    )
    .action(async ({ config: file, listen, pcap }: GatewayOptions) => {
      const { runGateway } = await import('../host/gateway-process.ts');
      const config = listeningAt(readConfig(file), 'gateway', listen);
      await runGateway(config, pcap === undefined ? {} : { pcap });
    });
}
