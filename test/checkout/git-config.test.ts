import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { guestConfig } from '../../src/checkout/git-config.ts';

const directory = mkdtempSync(join(tmpdir(), 'banger-test-config-'));
after(() => rmSync(directory, { recursive: true }));
const environment = { PATH: process.env.PATH, HOME: directory, GIT_CONFIG_NOSYSTEM: '1' };

function git(args: string[]): string {
  return execFileSync('git', args, { cwd: directory, env: environment, encoding: 'utf8' });
}

/** The configuration that the guest gets of a host's. */
function copy(text: string): string {
  writeFileSync(join(directory, 'host'), text);
  const settings = git(['config', '--file', 'host', '--list', '-z'])
    .split('\0')
    .filter(Boolean)
    .map((record) => {
      const end = record.indexOf('\n');
      return { key: record.slice(0, end), value: record.slice(end + 1) };
    });
  return guestConfig(settings, 'main');
}

/** Where git fetches from and pushes to, with a configuration. */
function urls(text: string): string[] {
  git(['init', '--quiet', 'repo']);
  writeFileSync(join(directory, 'repo/.git/config'), `[core]\n\trepositoryformatversion = 0\n${text}`);
  return git(['-C', 'repo', 'remote', '--verbose']).trim().split('\n');
}

const alias = '[url "https://git.example.org/"]\n\tinsteadOf = ex:\n';
const remote = (...lines: string[]) => `[remote "origin"]\n${lines.map((line) => `\t${line}\n`).join('')}`;

/** Configurations of the host in which git itself has to find the same URLs. */
const resolved: Record<string, string> = {
  'an alias': alias + remote('url = ex:team/proj.git'),
  'the longest of several': `${alias}[url "ssh://git@long.example.org/"]\n\tinsteadOf = ex:team/\n${remote('url = ex:team/proj.git')}`,
  'several beginnings for one base': `[url "https://a.example.org/"]\n\tinsteadOf = x:\n\tinsteadOf = y:\n${remote('url = y:p')}`,
  'an alias for pushing': `[url "ssh://git@push.example.org/"]\n\tpushInsteadOf = https://git.example.org/\n${remote('url = https://git.example.org/p')}`,
  'both, of which pushing has its own': `${alias}[url "ssh://git@push.example.org/"]\n\tpushInsteadOf = ex:\n${remote('url = ex:p')}`,
  'a URL for pushing, which the alias for pushing leaves alone': `${alias}[url "ssh://x/"]\n\tpushInsteadOf = ex:\n${remote('url = ex:p', 'pushurl = ex:q')}`,
  'a URL that no alias is for': alias + remote('url = https://other.example.org/p'),
  'an alias that is a whole URL': `[url "/srv/mirror.git"]\n\tinsteadOf = https://git.example.org/p\n${remote('url = https://git.example.org/p')}`,
};

describe('remotes are where they are on the host', () => {
  for (const [name, text] of Object.entries(resolved)) {
    test(name, () => {
      const copied = copy(text);
      assert.deepEqual(urls(copied), urls(text));
      assert.doesNotMatch(copied, /insteadof/i);
    });
  }
});

const stripped: Record<string, string> = {
  'in an alias': `[url "https://user:secret@git.example.org/"]\n\tinsteadOf = ex:\n${remote('url = ex:p')}`,
  'in an alias for pushing': `[url "https://secret@git.example.org/"]\n\tpushInsteadOf = ex:\n${remote('url = ex:p')}`,
  "in a branch's remote": '[branch "main"]\n\tremote = https://user:secret@git.example.org/p\n',
  'in a branch whose remote has an alias':
    '[url "https://user:secret@git.example.org/"]\n\tinsteadOf = ex:\n[branch "main"]\n\tremote = ex:p\n',
};

describe('credentials are taken out', () => {
  for (const [name, text] of Object.entries(stripped)) {
    test(name, () => {
      const copied = copy(text);
      assert.doesNotMatch(copied, /secret/);
      assert.match(copied, /git\.example\.org/);
    });
  }
});

test('a command that an alias leads to is left out', () => {
  assert.equal(copy(`[url "ext::sh -c "]\n\tinsteadOf = run:\n${remote('url = run:true')}`), '');
});
