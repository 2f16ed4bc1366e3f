-- What the server says of itself reaches the statusline, and is forgotten with the client.
local t = ...
local review = require('review_lsp')
vim.lsp.enable('review_lsp')
t.open('pool.py')
t.findings(1)
local client = t.client()
local seen = {}
vim.api.nvim_create_autocmd('User', {
  pattern = 'ReviewStatus',
  callback = function(event)
    seen[#seen + 1] = event.data.status.state
  end,
})
client.handlers['review/status'](nil, { state = 'indexing', message = 'indexing 3/9' }, { client_id = client.id })
t.equal('indexing 3/9', review.statusline())
client.handlers['review/status'](nil, { state = 'idle' }, { client_id = client.id })
t.equal('', review.statusline())
t.equal({ 'indexing', 'idle' }, seen)
client:stop()
t.wait('the end of the client', function()
  return vim.lsp.get_client_by_id(client.id) == nil
end)
t.equal(nil, review.status(client.id))
