// The page of a rule is rendered in a tab, without a network; a rule that does not exist has none.
const assert = require('node:assert/strict');

module.exports = async (t) => {
  await t.open('pool.py');
  const [finding] = await t.findings('pool.py', 1);
  const page = await t.vscode.workspace.openTextDocument(finding.code.target);
  assert.match(page.getText(), /^# unguarded-write\n/);
  assert.match(page.getText(), /## Why it matters/);
  await assert.rejects(
    Promise.resolve(t.vscode.workspace.openTextDocument(finding.code.target.with({ path: '/rules/no-such-rule.md' }))),
  );

  const editor = t.vscode.window.activeTextEditor;
  editor.selection = new t.vscode.Selection(finding.range.start, finding.range.start);
  await t.vscode.commands.executeCommand('review-lsp.showRule');
  await t.until('the tab', () => {
    const tab = t.vscode.window.tabGroups.activeTabGroup.activeTab;
    return tab?.input instanceof t.vscode.TabInputWebview && tab.label.includes('unguarded-write');
  });
};
