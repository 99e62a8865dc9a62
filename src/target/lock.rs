//! skeleton
use super::TargetError;
use crate::pg::Endpoint;

/// Held while an `etl` loads into a target; ends with the process, whatever happens to it.
pub struct TargetLock {}

impl TargetLock {
    /// Takes the lock over a connection of its own.
    pub fn acquire(_endpoint: &Endpoint) -> Result<Self, TargetError> {
        unimplemented!()
    }
    /// Whether it is still held.
    pub fn is_held(&mut self) -> bool {
        unimplemented!()
    }
}
