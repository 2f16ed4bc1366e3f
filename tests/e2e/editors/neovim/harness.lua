-- Runs one scenario and ends Neovim: with code 0 when it went well, else 1 and what went wrong.

local harness = {}

local PATIENCE = 20000

---Waits until a function returns something, and returns that.
function harness.wait(what, condition)
  local value
  local reached = vim.wait(PATIENCE, function()
    value = condition()
    return value
  end, 20)
  assert(reached, 'waited in vain for ' .. what)
  return value
end

function harness.equal(expected, actual)
  if not vim.deep_equal(expected, actual) then
    error(('expected %s\nbut got %s'):format(vim.inspect(expected), vim.inspect(actual)), 2)
  end
end

---Opens a file of the project.
function harness.open(name)
  vim.cmd.edit(name)
  return vim.api.nvim_get_current_buf()
end

function harness.client()
  return harness.wait('a client', function()
    return vim.lsp.get_clients({ name = 'review_lsp', bufnr = 0 })[1]
  end)
end

---Waits until there are so many findings in the current buffer, and returns them.
function harness.findings(count)
  local found
  harness.wait(count .. ' findings', function()
    found = vim.diagnostic.get(0)
    return #found == count
  end)
  return found
end

---Puts the cursor on the first place where a text stands.
function harness.go_to(text)
  vim.api.nvim_win_set_cursor(0, { 1, 0 })
  assert(vim.fn.search('\\V' .. vim.fn.escape(text, '\\'), 'c') > 0, text .. ' is not in the buffer')
end

---Chooses the code action whose title has a text, as a user does: from the list at the cursor.
function harness.choose(text, context)
  local offered
  vim.ui.select = function(items, _, choose)
    offered = vim.tbl_map(function(item)
      return item.action.title
    end, items)
    for index, item in ipairs(items) do
      if item.action.title:find(text, 1, true) then
        return choose(item, index)
      end
    end
    choose(nil)
  end
  local before = vim.b.changedtick
  vim.lsp.buf.code_action({ context = context })
  harness.wait('the list of actions', function()
    return offered
  end)
  harness.wait(('the edit of %q, one of %s'):format(text, vim.inspect(offered)), function()
    return vim.b.changedtick ~= before
  end)
  return offered
end

function harness.text()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n') .. '\n'
end

---Returns what a file of the project should be in the end; the test wrote it beside the project.
function harness.expected(name)
  return table.concat(vim.fn.readfile('../expected/' .. name), '\n') .. '\n'
end

vim.opt.runtimepath:prepend(vim.env.PLUGIN)
vim.cmd.runtime('plugin/review_lsp.lua')
vim.cmd.filetype('on')

local ok, problem = xpcall(function()
  local scenario = assert(loadfile(vim.env.SCENARIO))
  scenario(harness)
end, debug.traceback)

if not ok then
  io.stderr:write(tostring(problem) .. '\n' .. vim.fn.execute('messages') .. '\n')
  vim.cmd('cquit 1')
end
vim.cmd('qall!')
