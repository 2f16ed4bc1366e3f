-- The configuration that `vim.lsp.enable('review_lsp')` finds. Whatever `vim.lsp.config('review_lsp', …)`
-- says is put over it.

---@type vim.lsp.Config
return {
  cmd = { 'review-lsp', 'serve' },
  filetypes = { 'python' },
  -- The configuration of a project stands at its root; a repository without one has its folder.
  root_markers = { 'review-lsp.toml', 'pyproject.toml', 'setup.cfg', 'setup.py', '.git' },
  -- The keys are those of `[tool.review-lsp]` in pyproject.toml, and go before them.
  settings = { ['review-lsp'] = vim.empty_dict() },
  -- The server tells of its status only those who know that notification.
  capabilities = { experimental = { reviewStatus = true } },
  handlers = {
    ['review/status'] = function(_, status, context)
      require('review_lsp').on_status(status, context.client_id)
    end,
  },
  on_exit = function(_, _, client_id)
    require('review_lsp').on_exit(client_id)
  end,
}
