/** `vmft demo`: a real death on this computer, in two seconds. */
import { Command } from 'commander';
import { DEFAULT_RAM_BYTES } from '../base/limits.ts';
import { STATUS } from './exit-status.ts';
import { readImage } from './image.ts';
import { note, print } from './print.ts';

async function demo(): Promise<void> {
  const { demonstrate } = await import('../host/demonstration.ts');
  print('A counter behind UDP, protected by real processes of this computer:');
  const isRight = await demonstrate(
    {
      program: process.argv[1]!,
      name: 'demo',
      image: await readImage('udp-counter'),
      guest: { memory: DEFAULT_RAM_BYTES, append: '', strict: false },
    },
    print,
  );
  if (isRight) {
    print('Every number came once. "vmft protect --help" tells how to protect a guest of yours.');
  } else {
    note('a number came twice: this is a bug in vmft, please report it');
    process.exitCode = STATUS.violated;
  }
}

/** Defines `vmft demo`. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('protect a counter, kill its primary, and ask again')
    .addHelpText('after', '\nExample:\n  vmft demo')
    .action(demo);
}
