-- The finding stands where the code is, with its severity, its rule and its evidence.
local t = ...
vim.lsp.enable('review_lsp')
t.open('pool.py')
local finding = t.findings(1)[1]
t.equal('review', finding.source)
t.equal('unguarded-write', finding.code)
assert(finding.message:find('`_active` is written without `self._slots`', 1, true), finding.message)
local line = vim.api.nvim_buf_get_lines(0, finding.lnum, finding.lnum + 1, true)[1]
t.equal('self._active.pop(name, None)', line:sub(finding.col + 1, finding.end_col))
local evidence = finding.user_data.lsp.relatedInformation
assert(#evidence >= 3, vim.inspect(evidence))
assert(evidence[1].location.uri:find('pool.py$'), evidence[1].location.uri)
t.equal(vim.fn.getcwd(), t.client().root_dir)
