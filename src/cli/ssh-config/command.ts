import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { BangerError } from '../../common/errors.ts';
import { lockFile } from '../../common/lock.ts';
import { userPaths } from '../../common/paths.ts';
import { makeOwnDirectory } from '../../common/private-directory.ts';
import { printable } from '../../common/text.ts';
import { findUser } from '../../common/user.ts';
import { sshConfigFileIn } from '../../ssh/options.ts';
import { BangerCommand, type CommandHelp, flag } from '../command.ts';
import { jsonResult, result } from '../output/report.ts';
import { output } from '../output/streams.ts';
import { formatPairs } from '../output/table.ts';
import { describeTerminal } from '../output/terminal.ts';
import { UsageProblem } from '../usage.ts';
import { type Edit, includes, install, uninstall } from './edit.ts';
import { readConfig, removeConfig, writeConfig } from './file.ts';

const lockTimeoutMs = 10_000;

export default class SshConfig extends BangerCommand {
  static readonly help: CommandHelp = {
    synopsis: '[--install|--uninstall]',
    details: [
      'Once installed, `ssh NAME.vm` works as typed, and with it scp, sftp, rsync, git and editors. Without a flag it prints the file that bangerd keeps for ssh and the line that includes it. All else in ~/.ssh/config stays as it is.',
    ],
    examples: [
      ['Reach VMs as NAME.vm', 'ssh-config --install'],
      ['Leave ~/.ssh/config as it was', 'ssh-config --uninstall'],
      ['Without touching ~/.ssh/config', 'ssh-config --json | jq -r .file'],
    ],
  };

  install = flag('--install', 'Have ~/.ssh/config include the file');
  uninstall = flag('--uninstall', 'Take that away again');
  json = flag('--json', 'Print JSON');

  async execute(): Promise<undefined> {
    if (this.install && this.uninstall)
      throw new UsageProblem('--install and --uninstall exclude each other');
    if (this.json && (this.install || this.uninstall))
      throw new UsageProblem('--json goes with no other flag');
    const file = sshConfigFileIn(userPaths().state);
    const config = join(process.env.HOME || homedir(), '.ssh', 'config');
    const include = includeLine(file);
    if (this.install) await locked(() => installIn(config, include));
    else if (this.uninstall) await locked(() => uninstallFrom(config));
    else await this.#show(file, config, include);
    if (!this.uninstall) tellWhatSshMisses(file, config);
  }

  async #show(file: string, config: string, include: string): Promise<void> {
    const installed = includes((await readConfig(config)).text ?? '', bytesOf(include));
    if (this.json) return jsonResult({ file, include, config, installed });
    const pairs: [string, string][] = [
      ['File', file],
      ['Include', include],
      ['Installed', installed ? `yes, in ${config}` : 'no; `banger ssh-config --install` does it'],
    ];
    result(formatPairs(pairs, describeTerminal(output.results)));
  }
}

async function installIn(path: string, include: string): Promise<void> {
  const config = await readConfig(path);
  const edit = install(config.text ?? '', bytesOf(include), config.makes);
  tell(edit, path);
  if (edit.text !== config.text) await writeConfig(config, edit.text);
  result(`installed in ${printable(path)}: \`ssh NAME.vm\` reaches a VM\n`);
}

async function uninstallFrom(path: string): Promise<void> {
  const config = await readConfig(path);
  const edit = uninstall(config.text ?? '');
  tell(edit, path);
  if (config.text !== undefined && edit.text !== config.text) {
    if (edit.text === '' && edit.made !== 'nothing') await removeConfig(config, edit.made);
    else await writeConfig(config, edit.text);
  }
  result(`not installed in ${printable(path)}\n`);
}

/** One at a time: each reads the file and writes it anew. */
async function locked(act: () => Promise<void>): Promise<void> {
  const directory = makeOwnDirectory(userPaths(), 'runtime');
  using lock = await lockFile(join(directory, 'ssh-config.lock'), lockTimeoutMs);
  if (!lock)
    throw new BangerError('Timeout', 'another `banger ssh-config` does not end', {
      remedy: 'end it and try again',
    });
  await act();
}

/** @throws HostNotReady for a path that ssh would take for a pattern or expand */
function includeLine(file: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: no line of a configuration can hold them
  if (/[\u0000-\u001f\u007f"'\\*?[\]{}%$~]/.test(file)) {
    throw new BangerError(
      'HostNotReady',
      `ssh cannot include ${JSON.stringify(file)} because of the signs in it`,
      { remedy: 'set XDG_STATE_HOME to another directory' },
    );
  }
  return `Include "${file}"`;
}

/** Says what of the older tool's is gone, line by line, so that nothing is lost, and what is not banger's. */
function tell({ older, kept }: Edit, path: string): void {
  for (const line of older) note(`removed from ${path}, where an older banger wrote it: ${textOf(line)}`);
  for (const line of kept) {
    note(
      `line ${line} of ${path} begins a \`Host *.vm\` of your own, which stays; banger's settings win over it`,
    );
  }
}

/** Says why an installed configuration does not reach ssh. */
function tellWhatSshMisses(file: string, config: string): void {
  if (!existsSync(file)) note(`${file} is not there yet; bangerd writes it when it starts`);
  const { home } = findUser();
  if (!config.startsWith(join(home, '/'))) {
    note(`ssh reads ${join(home, '.ssh', 'config')}, whatever HOME says; use \`ssh -F ${config}\``);
  }
}

function note(text: string): void {
  output.diagnostics.write(`note: ${printable(text)}\n`);
}

/** A text with one character for each of its bytes, as the configuration is read. */
function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function textOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
