/** `vmft gateway`: the way of real clients to a protected machine. */
import { Command } from 'commander';
import { readGroupConfig } from './group-file.ts';

interface GatewayOptions {
  readonly config: string;
  readonly pcap?: string;
}

/** Defines `vmft gateway`. */
export function gatewayCommand(): Command {
  return new Command('gateway')
    .description('publish the ports of a protected machine, whichever replica runs it')
    .requiredOption('--config <FILE>', 'configuration of the machine, YAML or JSON')
    .option('--pcap <FILE>', 'capture what the guest’s wire carries, for tcpdump and Wireshark')
    .addHelpText(
      'after',
      `
Examples:
  vmft gateway --config machine.json
  vmft gateway --config machine.json --pcap wire.pcap`,
    )
    .action(async ({ config, pcap }: GatewayOptions) => {
      const { runGateway } = await import('../host/gateway-process.ts');
      await runGateway(readGroupConfig(config), pcap === undefined ? {} : { pcap });
    });
}
