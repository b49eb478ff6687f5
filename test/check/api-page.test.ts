import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemsOf } from '../../scripts/api-check.ts';
import { parseInterface } from '../../scripts/dbus-xml.ts';

/** What is said about an interface `x` with the given members. */
const problems = (members: string, about = '<!-- x: About it. -->') =>
  problemsOf(parseInterface('x.xml', `<node>${about}<interface name="x">${members}</interface></node>`));

/** @param emits what its annotation says */
const property = (emits: string, about = 'P: What.', name = 'P') =>
  `<!-- ${about} --><property name="${name}" type="s" access="read">
  <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="${emits}"/></property>`;
const method = (comment: string, args = '') => `<!-- ${comment} --><method name="M">${args}</method>`;
/** An argument with keys or fields, each such as `Key.a` with its type and what it is. */
const arg = (attributes: string, ...entries: [name: string, value: string][]) =>
  `<arg ${attributes}>${entries
    .map(([name, value]) => `<annotation name="org.banger.${name}" value="${value}"/>`)
    .join('')}</arg>`;
const options = (...keys: [name: string, value: string][]) =>
  arg('name="options" type="a{sv}" direction="in"', ...keys);
const list = (...fields: [name: string, value: string][]) =>
  arg('name="all" type="a(so)" direction="out"', ...fields);
const a: [name: string, value: string] = ['Field.a', 's: A.'];
const b: [name: string, value: string] = ['Field.b', 'o: B.'];
const job = '<arg name="job" type="o" direction="out"/>';

test('undocumented members are reported', () => {
  const cases: [members: string, expected: string[]][] = [
    ['<property name="P" type="s" access="read"/>', ['x.P is not documented']],
    [
      '<!-- P: What. --><property name="P" type="s" access="read"/>',
      ['x.P: EmitsChangedSignal must be true or const, not absent'],
    ],
    [property('false'), ['x.P: EmitsChangedSignal must be true or const, not false']],
    [property('true'), []],
    [property('const'), []],
    ['<signal name="S"/>', ['x.S is not documented']],
    ['<method name="M"/>', ['x.M is not documented']],
    [method('M: Does.'), ['x.M: its errors are not documented']],
    [method('M: Does.\n\nErrors: none'), []],
    [method('M: Does.\n\nErrors: NoSuchVM, Nonsense'), ['x.M: there is no error Nonsense']],
    [method('M: Does.\n\nErrors: none', options()), ['x.M: the argument options is not documented']],
    [
      method('M:\n@options: What.\nDoes.\n\nErrors: none', options()),
      ['x.M: the keys of options are not documented'],
    ],
    [method('M:\n@options: None yet.\nDoes.\n\nErrors: none', options()), []],
    [method('M:\n@options: What.\nDoes.\n\nErrors: none', options(['Key.a', 's: A.'])), []],
    [
      method('M:\n@options: What.\nDoes.\n\nErrors: none', options(['Key.a', 'as: A.'])),
      ['x.M: an option cannot have the type as'],
    ],
    [
      method(
        'M:\n@some: What.\nDoes.\n\nErrors: none',
        options(['Key.a', 's: A.']).replace('options', 'some'),
      ),
      ['x.M: some must be named options'],
    ],
    [method('M:\n@other: What.\nDoes.\n\nErrors: none'), ['x.M has no argument other']],
    [method('M:\n@all: All.\nGives.\n\nErrors: none', list(a)), ['x.M: the fields of all are so, not s']],
    [method('M:\n@all: All.\nGives.\n\nErrors: none', list(a, b)), []],
    [method('M:\n@job: The job.\nDoes.\n\nErrors: none', job), ['x.M: it has a job that fails']],
    [method('M:\n@job: The job.\nDoes.\n\nErrors: none\nErrors of the job: Timeout', job), []],
  ];
  for (const [members, expected] of cases) {
    const found = problems(members);
    // Where an argument is not documented at all, its keys are not either.
    assert.deepEqual(found.slice(0, Math.max(expected.length, 1)), expected, members);
  }
  assert.deepEqual(problems('', ''), ['x is not documented']);
});

test('documented values that differ from those of the code are reported', () => {
  const kinds = (values: string) =>
    problemsOf(
      parseInterface(
        'x.xml',
        `<node><!-- org.banger.Job1: A job. --><interface name="org.banger.Job1">
        ${property('true', `State: How it is.\n\nValues: ${values}`, 'State')}
        </interface></node>`,
      ),
    );
  assert.deepEqual(kinds('running, done, failed, cancelled'), []);
  assert.deepEqual(kinds('running, done, failed, lost'), [
    'org.banger.Job1.State can be cancelled, which is not documented',
    'org.banger.Job1.State cannot be lost',
  ]);
});

test('a comment that nothing would read is an error', () => {
  const about = '<!-- x: About it. -->';
  for (const [xml, says] of [
    [
      `<node>${about}<interface name="x"><!-- Q: What. --><property name="P" type="s" access="read"/></interface></node>`,
      /must begin with "P:"/,
    ],
    [`<node>${about}<interface name="x"><!-- P: What. --></interface></node>`, /about nothing/],
    [`<node>${about}${about}<interface name="x"></interface></node>`, /two comments/],
    [
      `<node>${about}<interface name="x"><method name="M"><!-- a: What. --><arg name="a" type="s"/></method></interface></node>`,
      /which cannot have one/,
    ],
  ] as const) {
    assert.throws(() => parseInterface('x.xml', xml), says, xml);
  }
});

test('an annotation of an argument that is neither a key nor a field is an error', () => {
  for (const entry of [
    ['Keys.a', 's: A.'],
    ['Key.a', 's'],
    ['Field.a.b', 's: A.'],
  ] as [string, string][]) {
    assert.throws(
      () => problems(method('M: Does.', options(entry))),
      /cannot read org\.banger\./,
      entry.join(),
    );
  }
});
