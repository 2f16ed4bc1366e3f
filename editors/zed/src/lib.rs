//! Tells Zed how to start review-lsp: the program of the settings, else the one on the path.

use zed_extension_api::{
    self as zed, serde_json, settings::LspSettings, Command, LanguageServerId, Result, Worktree,
};

const NAME: &str = "review-lsp";

struct Review;

impl zed::Extension for Review {
    fn new() -> Self {
        Review
    }

    fn language_server_command(
        &mut self,
        _id: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Command> {
        let chosen = LspSettings::for_worktree(NAME, worktree)?.binary;
        let (path, arguments) = match chosen {
            Some(binary) => (binary.path, binary.arguments),
            None => (None, None),
        };
        let command = path
            .or_else(|| worktree.which(NAME))
            .ok_or("review-lsp is not on the path; `uv tool install review-lsp` installs it")?;
        Ok(Command {
            command,
            args: arguments.unwrap_or_else(|| vec!["serve".into()]),
            env: worktree.shell_env(),
        })
    }

    fn language_server_workspace_configuration(
        &mut self,
        _id: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Option<serde_json::Value>> {
        let settings = LspSettings::for_worktree(NAME, worktree)?.settings;
        Ok(settings.map(|own| serde_json::json!({ (NAME): own })))
    }
}

zed::register_extension!(Review);
