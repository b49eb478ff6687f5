import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { imageRecipe, imageRecipes } from '../../src/image/recipe.ts';
import { kernelRecipe } from '../../src/kernel/recipe.ts';

const shipped = join(import.meta.dirname, '../../guest/images');

test('each recipe that ships is sound, and what it refers to is there', async () => {
  const recipes = await imageRecipes(shipped);
  assert.ok(recipes.some((recipe) => recipe.name === 'debian-bookworm'));
  for (const recipe of recipes) {
    assert.equal(recipe.directory, join(shipped, recipe.name));
    assert.equal(kernelRecipe(recipe.kernel).name, recipe.kernel);
    await access(join(recipe.directory, 'files'));
    execFileSync('sh', ['-n', join(recipe.directory, 'customize.sh')]);
    for (const tool of recipe.tools) {
      const manifest = createRequire(import.meta.url).resolve(`${tool.package}/package.json`);
      await access(join(dirname(manifest), tool.file));
    }
    for (const file of await readdir(join(recipe.directory, 'files'), { recursive: true })) {
      const text = await readFile(join(recipe.directory, 'files', file), 'utf8').catch(() => '');
      if (text.startsWith('#!')) execFileSync('sh', ['-n', join(recipe.directory, 'files', file)]);
    }
  }
});

test('a name cannot lead to another place, and an unknown one is reported', async () => {
  for (const name of ['../debian-bookworm', '/etc', '', '.', 'a/b', 'nothing']) {
    await assert.rejects(imageRecipe(shipped, name), { code: 'NoSuchImage' }, name);
  }
});

test('a recipe that is not sound says where and why', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'banger-recipe-'));
  t.after(() => rm(directory, { recursive: true }));
  await mkdir(join(directory, 'odd'));
  const good = await readFile(join(shipped, 'debian-bookworm', 'recipe.toml'), 'utf8');
  const cases: [string, RegExp][] = [
    ['name = [', /odd.recipe\.toml/],
    [good.replace('amd64', 'arm64'), /architecture arm64/],
    [good.replace('"jq"', '"jq,evil"'), /"jq,evil"/],
    [good.replace('"jq"', '"--purge"'), /"--purge"/],
    [good.replace(/^init = .*$/m, ''), /init/],
    [good.replace(/^packages = \[/m, 'packages = "x"\nothers = ['), /packages/],
  ];
  for (const [text, message] of cases) {
    await writeFile(join(directory, 'odd', 'recipe.toml'), text);
    await assert.rejects(imageRecipe(directory, 'odd'), { code: 'InvalidConfig', message });
  }
});
