// The page of a rule is rendered in a tab, without a network; a rule that does not exist has none.
const assert = require('node:assert/strict');

module.exports = async (t) => {
  await t.open('pool.py');
  const [finding] = await t.findings('pool.py', 1);
  const page = await t.vscode.workspace.openTextDocument(finding.code.target);
  assert.match(page.getText(), /^# unguarded-write\n/);
  assert.match(page.getText(), /## Why it matters/);
  const none = finding.code.target.with({ path: '/no-such-rule.md' });
  await assert.rejects(Promise.resolve(t.vscode.workspace.openTextDocument(none)));

  const editor = t.vscode.window.activeTextEditor;
  editor.selection = new t.vscode.Selection(finding.range.start, finding.range.start);
  await t.vscode.commands.executeCommand('review-lsp.showRule');
  await t.until('the tab', () => {
    const tab = t.vscode.window.tabGroups.activeTabGroup.activeTab;
    return tab?.label.startsWith('unguarded-write') && tab.input.viewType;
  });
};
