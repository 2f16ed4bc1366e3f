-- What Neovim's own client has no word for: the pages of rules, fix-all, and the server's status.

local M = {}

local NAME = 'review_lsp'

---@type table<integer, table> what each client's server said of itself last
local statuses = {}

---Returns the command line that starts the server, as it is configured.
---@return string[]
function M.server()
  local config = vim.lsp.config[NAME]
  local cmd = config and config.cmd
  return type(cmd) == 'table' and cmd or { 'review-lsp', 'serve' }
end

---Returns the command line of another of review-lsp's commands, by the same program as the server.
---@param ... string
---@return string[]
function M.command(...)
  local line = vim.list_slice(M.server())
  while #line > 1 and (line[#line] == 'serve' or line[#line] == '--stdio') do
    table.remove(line)
  end
  return vim.list_extend(line, { ... })
end

---Runs one of review-lsp's commands, and returns what it printed, or nil and what went wrong.
---@param ... string
---@return string?, string?
function M.output(...)
  local line = M.command(...)
  local ok, result = pcall(function()
    return vim.system(line, { text = true, timeout = 10000 }):wait()
  end)
  if not ok then
    return nil, ('`%s` cannot be started'):format(line[1])
  elseif result.code ~= 0 then
    return nil, vim.trim(result.stderr ~= '' and result.stderr or ('exit code %d'):format(result.code))
  end
  return result.stdout
end

---Returns the rule of the finding under the cursor, or of the only one on its line.
---@return string?
local function rule_here()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local found = {}
  for _, one in ipairs(vim.diagnostic.get(0, { lnum = row - 1 })) do
    if one.source == 'review' and one.code then
      if one.col <= column and column < math.max(one.end_col or 0, one.col + 1) then
        return tostring(one.code)
      end
      found[#found + 1] = tostring(one.code)
    end
  end
  return #found == 1 and found[1] or nil
end

---Shows the page of a rule in a window of its own.
---@param rule? string a rule's name; without it, that of the finding under the cursor
function M.explain(rule)
  rule = rule ~= '' and rule or rule_here()
  if not rule then
    vim.notify('review-lsp: there is no finding under the cursor', vim.log.levels.WARN)
    return
  end
  local text, problem = M.output('explain', rule)
  if not text then
    vim.notify('review-lsp: ' .. problem, vim.log.levels.ERROR)
    return
  end
  local name = 'review://rules/' .. rule
  local buffer = vim.fn.bufnr('^' .. name .. '$')
  if buffer == -1 then
    buffer = vim.api.nvim_create_buf(false, true)
    vim.api.nvim_buf_set_name(buffer, name)
  end
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, vim.split(vim.trim(text), '\n'))
  vim.bo[buffer].modifiable = false
  vim.bo[buffer].filetype = 'markdown'
  vim.cmd.sbuffer(buffer)
end

---Applies every safe fix to the current buffer.
function M.fix_all()
  vim.lsp.buf.code_action({
    context = { only = { 'source.fixAll.review' }, diagnostics = {} },
    apply = true,
  })
end

---Returns a status in words; empty when there is nothing to say.
---@param status table
---@return string
function M.in_words(status)
  local words = vim.list_slice(status.reasons or {})
  if status.state == 'indexing' then
    table.insert(words, 1, ('indexing %d/%d'):format(status.done, status.total))
  end
  return table.concat(words, '; ')
end

---Returns a few words for the statusline: empty where the server is not attached or has nothing to say.
---@return string
function M.statusline()
  for _, client in ipairs(vim.lsp.get_clients({ bufnr = 0, name = NAME })) do
    local words = M.in_words(statuses[client.id] or {})
    if words ~= '' then
      return 'review: ' .. words
    end
  end
  return ''
end

---Returns what a client's server said of itself last.
---@param client_id integer
---@return table?
function M.status(client_id)
  return statuses[client_id]
end

---Takes the server's word on how it is, and lets the statusline show it.
---@param status table
---@param client_id integer
function M.on_status(status, client_id)
  statuses[client_id] = status
  vim.api.nvim_exec_autocmds('User', {
    pattern = 'ReviewStatus',
    modeline = false,
    data = { client_id = client_id, status = status },
  })
  vim.cmd.redrawstatus()
end

---Forgets a client whose server has gone.
---@param client_id integer
function M.on_exit(client_id)
  statuses[client_id] = nil
end

return M
