-- Settings go before those of the project, at the start and when they change.
local t = ...

local function shown_as(severity)
  t.wait('the finding as ' .. vim.diagnostic.severity[severity], function()
    local found = vim.diagnostic.get(0)
    return #found == 1 and found[1].severity == severity
  end)
end

vim.fn.writefile({ '[tool.review-lsp.severity]', 'unguarded-write = "hint"' }, 'pyproject.toml')
vim.lsp.config('review_lsp', {
  settings = { ['review-lsp'] = { severity = { ['unguarded-write'] = 'information' } } },
})
vim.lsp.enable('review_lsp')
t.open('pool.py')
shown_as(vim.diagnostic.severity.INFO)

local client = t.client()
client.settings = { ['review-lsp'] = { ignore = { 'synchronization' } } }
client:notify('workspace/didChangeConfiguration', { settings = client.settings })
t.findings(0)
client.settings = { ['review-lsp'] = vim.empty_dict() }
client:notify('workspace/didChangeConfiguration', { settings = client.settings })
shown_as(vim.diagnostic.severity.HINT)
