//! How the program ends when it cannot do what was asked: a sentence for a person, and a code for a script.

use std::{fmt, process::ExitCode};

/// Why the program ends early. Each kind has an exit code of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// 1: what was asked was tried, and failed.
    Failed(String),
    /// 2: the command line or the settings are wrong.
    Usage(String),
    /// 3: the plugins of this binary do not fit together.
    Catalog(String),
    /// 4: another process has the data directory.
    InUse(String),
    /// 5: the store refuses to open.
    Store(String),
}

impl Failure {
    /// The exit code, 1 to 5.
    pub fn code(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Catalog(_) => 3,
            Self::InUse(_) => 4,
            Self::Store(_) => 5,
        }
    }

    /// A failure of the first kind with the text of `error`.
    pub fn failed(error: impl fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(text) | Self::Usage(text) | Self::Catalog(text) | Self::InUse(text) | Self::Store(text) => {
                f.write_str(text)
            }
        }
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for ExitCode {
    fn from(failure: Failure) -> Self {
        failure.code().into()
    }
}
