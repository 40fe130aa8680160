//! What can go wrong above the seam.

use super::engine::EngineError;

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The storage engine could not do its part.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// scratch
    #[error("conflict")]
    Conflict,
}
