-- All safe fixes of the file in one step.
local t = ...
vim.lsp.enable('review_lsp')
t.open('reports.py')
t.findings(2)
vim.cmd.ReviewFixAll()
t.wait('the fixes', function()
  return t.text() == t.expected('reports.py')
end)
t.findings(0)
