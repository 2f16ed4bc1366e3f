-- A server that is killed takes its findings along; opening the file again starts another.
local t = ...
vim.lsp.enable('review_lsp')
t.open('pool.py')
t.findings(1)
local before = t.client().id
local children = vim.api.nvim_get_proc_children(vim.fn.getpid())
t.equal(1, #children)
vim.uv.kill(children[1], 'sigkill')
t.wait('the end of the client', function()
  return vim.lsp.get_client_by_id(before) == nil
end)
t.equal(nil, require('review_lsp').status(before))
vim.cmd.edit()
assert(t.client().id ~= before)
t.findings(1)
