// The comment is one of the actions, silences the finding, and says which rule it is about.
const assert = require('node:assert/strict');

module.exports = async (t) => {
  const { document } = await t.open('pool.py');
  const [finding] = await t.findings('pool.py', 1);
  const actions = await t.actions('pool.py', finding, 'quickfix');
  const ignore = actions.find((one) => one.title === 'Ignore `unguarded-write` here');
  assert.ok(ignore, actions.map((one) => one.title).join());
  assert.ok(await t.vscode.workspace.applyEdit(ignore.edit));
  assert.match(document.getText(), /pop\(name, None\)  # review: ignore\[unguarded-write\]/);
  await t.findings('pool.py', 0);
};
