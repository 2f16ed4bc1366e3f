-- The page of the rule under the cursor, and of any rule by name, with completion.
local t = ...
vim.lsp.enable('review_lsp')
t.open('pool.py')
t.findings(1)
t.go_to('self._active.pop')
vim.cmd.ReviewExplain()
t.equal('markdown', vim.bo.filetype)
t.equal('# unguarded-write', vim.api.nvim_buf_get_lines(0, 0, 1, true)[1])
assert(t.text():find('## Why it matters', 1, true))
t.equal({ 'unguarded-write' }, vim.fn.getcompletion('ReviewExplain unguarded-w', 'cmdline'))
vim.cmd.ReviewExplain('leaked-resource')
t.equal('# leaked-resource', vim.api.nvim_buf_get_lines(0, 0, 1, true)[1])

local said
vim.notify = function(message)
  said = message
end
vim.cmd.ReviewExplain('no-such-rule')
assert(said and said:find('no-such-rule', 1, true), said)
