-- The health check finds the server and the client, and says what to do when there is none.
local t = ...
vim.lsp.enable('review_lsp')
t.open('pool.py')
t.findings(1)

local function report()
  vim.cmd('checkhealth review_lsp')
  return t.text()
end

local well = report()
assert(well:find('review%-lsp %d+%.%d+'), well)
assert(well:find('root ' .. vim.fn.getcwd(), 1, true), well)
assert(not well:find('ERROR') and not well:find('WARNING'), well)

vim.lsp.config('review_lsp', { cmd = { 'no-such-server', 'serve' } })
local ill = report()
assert(ill:find('ERROR `no-such-server` is not executable', 1, true), ill)
assert(ill:find('uv tool install review-lsp', 1, true), ill)
