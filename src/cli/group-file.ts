/** The configuration of a machine, from the file that `--config` names. */
import { dirname, resolve } from 'node:path';
import { parse, YAMLParseError } from 'yaml';
import { VmftError } from '../base/errors.ts';
import { readUserFile } from '../host/files.ts';
import { checkConfig, type GroupConfig } from '../host/group-config.ts';

/** Reads and checks a configuration in YAML or JSON; VmftError 'input' where it is none. */
export function readGroupConfig(file: string): GroupConfig {
  const text = new TextDecoder().decode(readUserFile(file, 'configuration', 'input'));
  try {
    return checkConfig(parse(text), dirname(resolve(file)));
  } catch (error) {
    if (error instanceof YAMLParseError)
      throw new VmftError('input', `${file}: ${error.message.split('\n')[0]}`);
    if (error instanceof VmftError) throw new VmftError(error.code, `${file}: ${error.message}`);
    throw error;
  }
}
