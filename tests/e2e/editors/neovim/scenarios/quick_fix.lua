-- The fix is chosen from the list at the cursor; the finding goes, and undo brings it back.
local t = ...
vim.lsp.enable('review_lsp')
t.open('pool.py')
t.findings(1)
t.go_to('self._active.pop')
local offered = t.choose('Hold `self._slots`')
assert(#offered >= 2, vim.inspect(offered))
t.equal(t.expected('pool.py'), t.text())
t.findings(0)
vim.cmd.undo()
t.findings(1)
