-- What the server says of itself reaches the statusline, and is forgotten with the client.
local t = ...
local review = require('review_lsp')
local seen = {}
vim.api.nvim_create_autocmd('User', {
  pattern = 'ReviewStatus',
  callback = function(event)
    seen[#seen + 1] = event.data.status.state
  end,
})
vim.lsp.enable('review_lsp')
t.open('pool.py')
t.findings(1)
local client = t.client()
t.wait('an idle server', function()
  return seen[#seen] == 'idle'
end)
t.equal('', review.statusline())

-- Larger projects take long enough for somebody to see this.
local tell = client.handlers['review/status']
tell(nil, { state = 'indexing', done = 3, total = 9, reasons = {} }, { client_id = client.id })
t.equal('review: indexing 3/9', review.statusline())
tell(nil, { state = 'degraded', done = 0, total = 0, reasons = { 'no cache' } }, { client_id = client.id })
t.equal('review: no cache', review.statusline())
client:stop()
t.wait('the end of the client', function()
  return vim.lsp.get_client_by_id(client.id) == nil
end)
t.equal(nil, review.status(client.id))
