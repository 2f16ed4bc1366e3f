-- The help has no tag twice, and every piece of Lua in the documentation is Lua.
local t = ...
vim.cmd.helptags(vim.env.DOCUMENTATION)
vim.opt.runtimepath:prepend(vim.fs.dirname(vim.env.DOCUMENTATION))
vim.cmd.help('review_lsp-setup')
t.equal('review_lsp.txt', vim.fn.expand('%:t'))

local function blocks(path, first, last)
  local found, current = {}, nil
  for _, line in ipairs(vim.fn.readfile(path)) do
    if current and line:find(last) then
      found[#found + 1], current = table.concat(current, '\n'), nil
    elseif current then
      current[#current + 1] = line
    elseif line:find(first) then
      current = {}
    end
  end
  return found
end

local found = blocks(vim.env.PLUGIN .. '/doc/review_lsp.txt', '>lua$', '^<')
vim.list_extend(found, blocks(vim.env.PLUGIN .. '/README.md', '^```lua', '^```'))
assert(#found >= 8, #found .. ' blocks')
for _, block in ipairs(found) do
  assert(loadstring(block))
end
