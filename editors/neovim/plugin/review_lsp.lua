if vim.g.loaded_review_lsp then
  return
end
vim.g.loaded_review_lsp = true

vim.api.nvim_create_user_command('ReviewExplain', function(given)
  require('review_lsp').explain(given.args)
end, {
  nargs = '?',
  desc = 'Show the page of a rule, or of the finding under the cursor',
  complete = function(start)
    local text = require('review_lsp').output('rules', '--output-format', 'json')
    local rules = text and vim.json.decode(text) or {}
    local names = vim.tbl_map(function(rule)
      return rule.name
    end, rules)
    return vim.tbl_filter(function(name)
      return vim.startswith(name, start)
    end, names)
  end,
})

vim.api.nvim_create_user_command('ReviewFixAll', function()
  require('review_lsp').fix_all()
end, { desc = 'Apply every safe fix of review-lsp to this buffer' })
