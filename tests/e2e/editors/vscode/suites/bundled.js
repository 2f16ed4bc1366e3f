// The bundled copy does what the installed one does, and shows its pages; a path that is wrong is said so.
const assert = require('node:assert/strict');

module.exports = async (t) => {
  await t.set('server.source', 'bundled');
  await t.open('pool.py');
  await t.findings('pool.py', 1);
  const [server] = t.servers();
  assert.ok(server.line.some((word) => word.endsWith('/bundled/launch.py')), server.line.join(' '));
  const [finding] = await t.findings('pool.py', 1);
  const page = await t.vscode.workspace.openTextDocument(finding.code.target);
  assert.match(page.getText(), /^# unguarded-write\n/);

  await t.set('server.path', '/no/such/review-lsp');
  await t.until('the end of the server', () => t.servers().length === 0);
  await t.findings('pool.py', 0);
  await t.set('server.path', undefined);
  await t.findings('pool.py', 1);
};
