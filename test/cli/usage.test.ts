/** Command lines that make no sense, and help. */
import { describe, expect, it } from 'vitest';
import { LOG_VERSION } from '../../src/hypervisor/log-file.ts';
import { Folder, type Mistake, refuses } from './support.ts';

const folder = new Folder();

const MISTAKES: readonly Mistake[] = [
  ['bogus', 2, `unknown command 'bogus' (see "vmft --help")`],
  ['rum hello', 2, `unknown command 'rum'; did you mean run?`],
  ['help rum', 2, `unknown command 'rum'`],
  ['run', 2, `missing required argument 'IMAGE' (see "vmft run --help")`],
  ['run hello extra', 2, 'too many arguments'],
  ['run hello --memry 3', 2, `unknown option '--memry'; did you mean --memory?`],
  ['run hello --memory', 2, 'argument missing'],
  ['run hello --memory x', 2, 'Write a size such as 64K or 16M'],
  ['run hello --memory 3', 2, 'memory of 3 bytes: 65536 … 1073741824 bytes'],
  ['run hello --memory 2G', 2, 'memory of 2147483648 bytes'],
  ['run hello --time fast', 2, 'Allowed choices are real, virtual'],
  ['run hello --max-instructions -1', 2, 'Write a whole number'],
  ['run hello --ns-per-instruction 0', 2, 'Write a positive number'],
  ['run hello --publish 7', 2, 'such as 8080:80, 7000:7/udp or [::]:8080:80/tcp;'],
  ['run hello --pcap x.pcap', 2, 'a network with --publish or --tap only'],
  ['run hello --tap sixteen-letters-', 2, 'Write 1 to 15 letters, digits'],
  ['run hello --publish 70000:7/udp', 2, 'such as 8080:80, 7000:7/udp or [::]:8080:80/tcp;'],
  ['run hello --publish 7000:7/sctp', 2, 'such as 8080:80, 7000:7/udp or [::]:8080:80/tcp;'],
  ['record hello', 2, `required option '-o, --output <RUN.vmlog>' not specified`],
  ['record hello -o x.vmlog --digest-every 0', 2, '--digest-every 0: 1 at least'],
  ['record hello -o x.vmlog --checkpoint-every 0', 2, '--checkpoint-every 0: 1 at least'],
  ['replay', 2, `missing required argument 'RUN.vmlog'`],
  ['log', 2, 'name a recording'],
  ['log verify', 2, `missing required argument 'RUN.vmlog' (see "vmft log verify --help")`],
  ['log diff a', 2, `missing required argument 'B'`],
  ['log verfy a', 2, 'did you mean vmft log verify?'],
  ['asm', 2, `missing required argument 'FILE'`],
  ['asm x.asm -f com', 2, 'Allowed choices are bin, elf'],
  ['disasm hello --from here', 2, 'Write a whole number'],
  ['scenario', 2, '"vmft scenario list" shows them'],
  ['scenario list extra', 2, 'too many arguments'],
  ['scenario lost-update --without outputrule', 2, 'did you mean output-rule?'],
  ['scenario lost-update --seed x', 2, 'Write a whole number'],
  ['version extra', 2, 'too many arguments'],
];

describe('a command line that makes no sense ends with status 2 and says what to write', () => {
  refuses(folder, MISTAKES);
});

describe('help', () => {
  it('without a command is shown on stderr, with status 2', async () => {
    const { status, stdout, stderr } = await folder.vmft([]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('Usage: vmft');
  });

  it('of a command is shown by --help and by help COMMAND alike', async () => {
    const [option, command] = await Promise.all([
      folder.vmft(['run', '--help']),
      folder.vmft(['help', 'run']),
    ]);
    expect(option).toEqual(command);
    expect(option).toMatchObject({ status: 0, stderr: '' });
    expect(option.stdout).toContain('--memory <SIZE>');
  });

  it('shows the version', async () => {
    expect((await folder.vmft(['--version'])).stdout).toMatch(/^vmft \d+\.\d+\.\d+\n$/);
    const { stdout } = await folder.vmft(['version', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ logFormat: LOG_VERSION, node: process.version });
  });
});
