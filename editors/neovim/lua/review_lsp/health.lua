-- `:checkhealth review_lsp`: is everything there that it takes, and what does the server say?

local M = {}

local health = vim.health

local function check_neovim()
  health.start('Neovim')
  if vim.fn.has('nvim-0.11') == 1 then
    health.ok(tostring(vim.version()))
  else
    health.error('Neovim 0.11 or later is needed', { 'Update Neovim; earlier ones have no `vim.lsp.config`' })
  end
end

local function check_server()
  health.start('Server')
  local review = require('review_lsp')
  local program = review.server()[1]
  local path = vim.fn.exepath(program)
  if path == '' then
    health.error(('`%s` is not executable'):format(program), {
      'Install it: `uv tool install review-lsp`, or `pipx install review-lsp`',
      "Or name it: `vim.lsp.config('review_lsp', { cmd = { '/path/to/review-lsp', 'serve' } })`",
    })
    return
  end
  local version, problem = review.output('--version')
  if version then
    health.ok(('%s (%s)'):format(vim.trim(version), path))
  else
    health.error(('`%s --version`: %s'):format(path, problem))
  end
end

local function check_clients()
  health.start('Clients')
  if not vim.lsp.is_enabled('review_lsp') then
    health.warn('review_lsp is not enabled', { "`vim.lsp.enable('review_lsp')`" })
  end
  local clients = vim.lsp.get_clients({ name = 'review_lsp' })
  if #clients == 0 then
    health.info('no server is running; one starts with the first Python file')
  end
  local review = require('review_lsp')
  for _, client in ipairs(clients) do
    local status = review.status(client.id)
    health.ok(('client %d, root %s'):format(client.id, client.root_dir or 'none (single file)'))
    health.info(('positions in %s; %d buffers'):format(
      client.offset_encoding,
      vim.tbl_count(client.attached_buffers)
    ))
    local words = status and review.in_words(status) or ''
    if status and status.state == 'degraded' then
      health.warn('the server is degraded: ' .. words)
    elseif words ~= '' then
      health.info('status: ' .. words)
    end
  end
end

---Reports on Neovim, the server and the running clients.
function M.check()
  check_neovim()
  check_server()
  check_clients()
end

return M
