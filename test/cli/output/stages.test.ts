import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stageDisplay } from '../../../src/cli/output/stages.ts';
import { fakeTerminal } from './terminal.ts';

/** What stands on the screen after all the redrawing. */
function screen(text: string): string[] {
  return text.split('\n').map((line) => (line.split('\r').at(-1) ?? '').replaceAll('\u001b[K', ''));
}

test('plain output prints each stage once and each quarter of its progress', () => {
  const terminal = fakeTerminal({ live: false });
  const display = stageDisplay(terminal);
  for (const progress of [-1, 0, 0.1, 0.25, 0.3, 0.5, 1]) display.stage('image', progress);
  display.stage('boot', -1);
  display.stage('boot', -1);
  display.end(true);
  assert.equal(
    terminal.text,
    'stage image\nstage image 25%\nstage image 50%\nstage image 100%\nstage boot\n',
  );
});

test('where several jobs share the output each line names its own', () => {
  const terminal = fakeTerminal();
  stageDisplay(terminal, 'web').stage('boot', -1);
  assert.equal(terminal.text, 'web: stage boot\n');
});

test('a stage without a name is not shown', () => {
  const terminal = fakeTerminal({ live: false });
  stageDisplay(terminal).stage('', -1);
  assert.equal(terminal.text, '');
});

test('live: one line per stage, the last says how it ended', () => {
  const terminal = fakeTerminal({ width: 60 });
  const display = stageDisplay(terminal);
  display.stage('image', 0.5);
  assert.match(screen(terminal.text).at(-1) ?? '', /^⠋ looking for the image █{10}░{10} {2}50% 0\.\ds$/);
  display.stage('boot', -1);
  display.end(false);
  const lines = screen(terminal.text);
  assert.match(lines[0] ?? '', /^✓ looking for the image 0\.\ds$/);
  assert.match(lines[1] ?? '', /^✗ booting the guest 0\.\ds$/);
  assert.equal(lines[2], '');
});

test('live: nothing is drawn after the end', async () => {
  const terminal = fakeTerminal({ width: 60 });
  const display = stageDisplay(terminal);
  display.stage('boot', -1);
  await new Promise((resolve) => setTimeout(resolve, 250));
  const drawn = terminal.text.split('\r').length;
  assert.ok(drawn > 2, 'it is drawn again while it runs');
  display.end(true);
  const { text } = terminal;
  await new Promise((resolve) => setTimeout(resolve, 250));
  assert.equal(terminal.text, text);
});

test('live: a note stands on a line of its own', () => {
  const terminal = fakeTerminal({ width: 60 });
  const display = stageDisplay(terminal);
  display.stage('boot', -1);
  display.note('cancelling');
  display.end(false);
  assert.deepEqual(screen(terminal.text).slice(0, 1), ['cancelling']);
});

test('live: a line never wraps, and needs no Unicode', () => {
  const terminal = fakeTerminal({ width: 20, unicode: false });
  const display = stageDisplay(terminal);
  display.stage('a-stage-with-a-long-name', 0.3);
  display.end(true);
  for (const line of screen(terminal.text)) {
    assert.ok(line.length < 20, line);
    assert.match(line, /^[ -~]*$/);
  }
});

test('live: control characters in the name of a stage do nothing', () => {
  const terminal = fakeTerminal({ width: 60 });
  const display = stageDisplay(terminal);
  display.stage('\u001b]0;title\u0007', -1);
  display.end(true);
  assert.ok(!terminal.text.includes('\u001b]'));
});
