// A fix that is to be looked at first says so, and is not preferred; a safe one is.
const assert = require('node:assert/strict');

module.exports = async (t) => {
  await t.open('pool.py');
  const [finding] = await t.findings('pool.py', 1);
  const actions = await t.actions('pool.py', finding, 'quickfix');
  const hold = actions.find((one) => one.title.startsWith('Hold `self._slots`'));
  assert.ok(hold && !hold.isPreferred, actions.map((one) => one.title).join());

  await t.open('reports.py');
  const [leak] = await t.findings('reports.py', 2);
  const [release] = await t.actions('reports.py', leak, 'quickfix');
  assert.equal(release.isPreferred, true, release.title);
};
