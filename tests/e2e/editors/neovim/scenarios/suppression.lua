-- A comment silences the finding.
local t = ...
vim.lsp.enable('review_lsp')
t.open('pool.py')
t.findings(1)
t.go_to('self._active.pop')
t.choose('Ignore `unguarded-write` here')
assert(t.text():find('# review: ignore[unguarded-write]', 1, true), t.text())
t.findings(0)
