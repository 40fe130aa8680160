//! How the program ends when it cannot do what was asked: a sentence for a person, and a code for a script.

use std::{fmt, process::ExitCode};

use plugin_core::store::{engine::EngineError, error::engine_error};

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
    /// 5: the store refuses to open, is damaged, or cannot be written to.
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

    /// What `error` of the host's means for the program: of the fifth kind if the store is the reason, otherwise of the first.
    pub(crate) fn of_host(error: plugin_core::Error) -> Self {
        match engine_error(&error) {
            Some(EngineError::Corrupt(_) | EngineError::Unavailable(_) | EngineError::UnknownOutcome) => {
                Self::Store(format!("{error:?}"))
            }
            _ => Self::Failed(format!("{error:?}")),
        }
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

#[cfg(test)]
mod tests {
    use plugin_core::store::StoreError;

    use super::*;

    #[test]
    fn what_the_store_is_the_reason_of_is_5_and_named() {
        let damage = || EngineError::Corrupt("block checksum mismatch in 000012.sst".to_owned());
        for error in [
            plugin_core::Error::from(damage()),
            StoreError::from(damage()).into(),
            plugin_core::Error::new("the sessions cannot be read").because(StoreError::from(damage())),
        ] {
            let failure = Failure::of_host(error);
            assert!(failure.code() == 5 && failure.to_string().contains("000012.sst"), "{failure:?}");
        }
        for other in [EngineError::Invalid("no keyspace".to_owned()).into(), plugin_core::Error::new("no such job")] {
            assert_eq!(Failure::of_host(other).code(), 1);
        }
    }
}
