import assert from 'node:assert/strict';
import * as path from 'node:path';
import { test } from 'node:test';

import { decide, type Choice, type Machine, type Probe } from '../src/launch.ts';

const PLACES = { starter: '/extension/bundled/launch.py', environment: '/storage/environment' };
const OWN = '/storage/environment/bin/python';
const NOTHING_CHOSEN: Choice = { source: 'environment', path: '', interpreter: '' };

const probe = (version: string, fits: boolean, old = false): Probe => ({
  version,
  executable: `/python${version}`,
  fits,
  old,
  reason: old ? `Python ${version} is older than 3.11` : 'no compiled packages',
});

/** A machine with programs, some of which are interpreters. */
function machine(programs: Record<string, Probe | undefined>, folders: string[] = []): Machine {
  return {
    windows: false,
    folders,
    isProgram: (file) => file in programs,
    probe: async (interpreter) => programs[interpreter],
  };
}

async function launched(choice: Partial<Choice>, given: Machine, selected?: string) {
  const decision = await decide({ ...NOTHING_CHOSEN, ...choice }, selected, PLACES, given);
  assert.ok('launch' in decision, JSON.stringify(decision));
  return [decision.launch.command, ...decision.launch.prefix];
}

async function refused(choice: Partial<Choice>, given: Machine, selected?: string) {
  const decision = await decide({ ...NOTHING_CHOSEN, ...choice }, selected, PLACES, given);
  assert.ok('nothing' in decision, JSON.stringify(decision));
  return decision.nothing;
}

const BUNDLED = ['-I', '-X', 'utf8', PLACES.starter];

test('the path of the settings goes first, and must be there', async () => {
  const given = machine({ '/own/review-lsp': undefined, '/bin/review-lsp': undefined }, ['/bin']);
  assert.deepEqual(await launched({ path: '/own/review-lsp' }, given), ['/own/review-lsp']);
  assert.match((await refused({ path: '/gone' }, given)).reason, /no program \/gone/);
});

test('the environment of the interpreter goes before the path', async () => {
  const given = machine({ '/env/bin/review-lsp': undefined, '/bin/review-lsp': undefined }, ['/bin']);
  assert.deepEqual(await launched({}, given, '/env/bin/python'), ['/env/bin/review-lsp']);
  assert.deepEqual(await launched({}, given), ['/bin/review-lsp']);
  assert.deepEqual(await launched({ interpreter: '/env/bin/python' }, given, '/other/python'), [
    '/env/bin/review-lsp',
  ]);
});

test('a folder of the path that is relative is none of ours', async () => {
  const programs = { 'tools/review-lsp': undefined, 'tools/python3': probe('3.12.0', true) };
  assert.equal((await refused({}, machine(programs, ['tools', '.']))).reason, 'there is no Python');
});

test('the bundled copy runs by the first interpreter that fits', async () => {
  const given = machine(
    { '/old/python3': probe('3.9.2', false, true), '/new/python3': probe('3.12.0', true) },
    ['/old', '/new'],
  );
  assert.deepEqual(await launched({}, given), ['/new/python3', ...BUNDLED]);
  assert.deepEqual(await launched({ source: 'bundled' }, given, '/old/python3'), [
    '/new/python3',
    ...BUNDLED,
  ]);
});

test('an interpreter that was chosen is not replaced by another', async () => {
  const given = machine(
    { '/old/python3': probe('3.9.2', false, true), '/new/python3': probe('3.12.0', true) },
    ['/new'],
  );
  const nothing = await refused({ interpreter: '/old/python3' }, given);
  assert.match(nothing.reason, /older than 3\.11/);
  assert.equal(nothing.base, undefined);
});

test('what lacks only compiled packages can be the base of an environment', async () => {
  const future = probe('3.15.0', false);
  const given = machine({ '/bin/python3': future, '/bin/python': undefined }, ['/bin']);
  const nothing = await refused({}, given);
  assert.equal(nothing.base, future);
  assert.match(nothing.reason, /no compiled packages; .*cannot be started/);
  const made = machine({ '/bin/python3': future, [path.normalize(OWN)]: probe('3.15.0', true) }, ['/bin']);
  assert.deepEqual(await launched({}, made), [OWN, ...BUNDLED]);
});
