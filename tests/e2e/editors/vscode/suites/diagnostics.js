// The finding stands where the code is, with its severity, its evidence, and its rule's page.
const assert = require('node:assert/strict');

module.exports = async (t) => {
  const { document } = await t.open('pool.py');
  const [finding] = await t.findings('pool.py', 1);
  assert.equal(document.getText(finding.range), 'self._active.pop(name, None)');
  assert.match(finding.message, /`_active` is written without `self\._slots`/);
  assert.equal(finding.code.value, 'unguarded-write');
  assert.match(finding.code.target.toString(), /^review-rule:.*\/unguarded-write\.md$/);
  const evidence = finding.relatedInformation;
  assert.ok(evidence.length >= 3);
  assert.ok(evidence.every((one) => one.location.uri.toString() === document.uri.toString()));
  assert.match(evidence[0].message, /written under `self\._slots` in `add`/);

  const edit = new t.vscode.WorkspaceEdit();
  edit.insert(document.uri, document.positionAt(0), '"""A pool."""\n');
  await t.vscode.workspace.applyEdit(edit);
  const line = finding.range.start.line + 1;
  await t.findings('pool.py', 1, (one) => one.range.start.line === line);
};
