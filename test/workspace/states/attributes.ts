import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clone, configureUser, inRepo, runGit, type Scene, type State } from './state.ts';

const upper = ['[filter "up"]', '\tclean = tr a-z A-Z', '\tsmudge = tr A-Z a-z'];
const crlf = '*.txt text eol=crlf\n';

/** Commits a file with a filter of the user's own configuration, and clones it. */
function cloneFiltered(scene: Scene): string {
  configureUser(scene, ...upper);
  scene.write('.gitattributes', '*.bin filter=up\n');
  scene.git('add', '.gitattributes');
  scene.commit('f1.bin', 'letters\n');
  scene.commit('f2.bin', 'more letters\n');
  return clone(scene);
}

/** Commits a file with LF that has CRLF in the work tree, by attributes that stand elsewhere. */
function commitCrlf(scene: Scene): void {
  scene.commit('w.txt', 'a\r\nb\r\n');
}

/** Only the host has the filter, which looks at files again once they are touched. */
const filterStates: State[] = [
  { name: 'filter: a fresh clone', make: cloneFiltered },
  {
    name: 'filter: files that are older than the index',
    make(scene) {
      const directory = cloneFiltered(scene);
      utimesSync(join(directory, 'f1.bin'), 1_600_000_000, 1_600_000_000);
      runGit(scene.home, directory, 'status');
      return directory;
    },
  },
  {
    name: 'filter: files of the future',
    make(scene) {
      const directory = cloneFiltered(scene);
      utimesSync(join(directory, 'f1.bin'), 2_500_000_000, 2_500_000_000);
      runGit(scene.home, directory, 'update-index', '--refresh');
      return directory;
    },
  },
  {
    name: 'filter: a changed file and one of the same size',
    make(scene) {
      const directory = cloneFiltered(scene);
      writeFileSync(join(directory, 'f1.bin'), 'LETTERX\n');
      writeFileSync(join(directory, 'f2.bin'), 'changed\n');
      return directory;
    },
  },
  {
    name: 'filter: in .git/info/attributes',
    make(scene) {
      configureUser(scene, ...upper);
      scene.write('.git/info/attributes', '*.bin filter=up\n');
      scene.commit('f1.bin', 'letters\n');
      return undefined;
    },
  },
  {
    name: 'filter: one that is not configured',
    make: inRepo((scene) => {
      scene.write('.gitattributes', '*.bin filter=absent\n');
      scene.commit('f.bin', 'x\n');
    }),
  },
  {
    name: 'filter: pointers of LFS without LFS',
    make: inRepo((scene) => {
      scene.write('.gitattributes', '*.bin filter=lfs diff=lfs merge=lfs -text\n');
      scene.commit(
        'f.bin',
        `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 3\n`,
      );
    }),
  },
];

const comparedStates: State[] = [
  {
    name: 'attributes: .gitattributes in the checkout',
    make: inRepo((scene) => {
      scene.write('.gitattributes', crlf);
      commitCrlf(scene);
    }),
  },
  {
    name: 'attributes: .gitattributes in a directory, untracked',
    make: inRepo((scene) => {
      scene.write('sub/.gitattributes', crlf);
      scene.commit('sub/w.txt', 'a\r\n');
    }),
  },
  {
    name: 'attributes: .git/info/attributes',
    make: inRepo((scene) => {
      scene.write('.git/info/attributes', crlf);
      commitCrlf(scene);
    }),
  },
  {
    name: 'attributes: core.attributesFile of the user',
    make: inRepo((scene) => {
      configureUser(scene, '[core]', '\tattributesFile = ~/my-attributes');
      writeFileSync(join(scene.home, 'my-attributes'), crlf);
      commitCrlf(scene);
    }),
  },
  {
    name: "attributes: the user's usual file",
    make: inRepo((scene) => {
      mkdirSync(join(scene.home, '.config/git'), { recursive: true });
      writeFileSync(join(scene.home, '.config/git/attributes'), crlf);
      commitCrlf(scene);
    }),
  },
  {
    name: "attributes: the checkout's go before the user's",
    make: inRepo((scene) => {
      configureUser(scene, '[core]', '\tattributesFile = ~/my-attributes');
      writeFileSync(join(scene.home, 'my-attributes'), '*.txt -text\n');
      scene.write('.gitattributes', crlf);
      commitCrlf(scene);
    }),
  },
  {
    name: 'attributes: core.attributesFile of the repository, in the checkout',
    make: inRepo((scene) => {
      scene.git('config', 'core.attributesFile', 'attributes');
      scene.write('attributes', crlf);
      commitCrlf(scene);
    }),
  },
  {
    name: 'attributes: core.attributesFile of the repository, outside of the checkout',
    make: inRepo((scene) => {
      scene.git('config', 'core.attributesFile', join(scene.home, 'my-attributes'));
      writeFileSync(join(scene.home, 'my-attributes'), crlf);
      commitCrlf(scene);
    }),
    refusal: /core\.attributesFile, which is outside of the checkout; run `git -C /,
  },
  {
    name: 'attributes: core.attributesFile of the repository that is not there',
    make: inRepo((scene) => {
      scene.git('config', 'core.attributesFile', '/nonexistent/attributes');
      scene.commit('w.txt', 'a\n');
    }),
  },
  {
    name: 'attributes: a macro',
    make: inRepo((scene) => {
      scene.write('.git/info/attributes', '[attr]dos text eol=crlf\n*.txt dos\n');
      commitCrlf(scene);
    }),
  },
  {
    name: 'eol: core.eol=crlf with text=auto',
    make: inRepo((scene) => {
      scene.git('config', 'core.eol', 'crlf');
      scene.write('.gitattributes', '* text=auto\n');
      commitCrlf(scene);
    }),
  },
  {
    name: 'eol: CRLF that was committed, where LF is asked for',
    make: inRepo((scene) => {
      commitCrlf(scene);
      scene.write('.gitattributes', '*.txt text eol=lf\n');
    }),
  },
  ...(['true', 'input'] as const).map(
    (value): State => ({
      name: `eol: core.autocrlf=${value}`,
      make: inRepo((scene) => {
        scene.git('config', 'core.autocrlf', value);
        commitCrlf(scene);
      }),
    }),
  ),
  {
    name: 'eol: core.autocrlf=true of the user',
    make: inRepo((scene) => {
      configureUser(scene, '[core]', '\tautocrlf = true');
      commitCrlf(scene);
    }),
  },
  {
    name: 'ident',
    make(scene) {
      scene.write('.gitattributes', '*.c ident\n');
      scene.git('add', '.gitattributes');
      scene.commit('id.c', '$Id$\n');
      return clone(scene);
    },
  },
  {
    name: 'working-tree-encoding',
    make: inRepo((scene) => {
      scene.write('.gitattributes', '*.u16 text working-tree-encoding=UTF-16LE\n');
      scene.write('a.u16', Buffer.from('wide\n', 'utf16le'));
      scene.git('add', '.');
      scene.git('commit', '--quiet', '-m', 'wide');
    }),
  },
];

export const attributeStates: State[] = [
  ...filterStates,
  ...comparedStates.map((state) => ({ ...state, isTouched: true })),
];
